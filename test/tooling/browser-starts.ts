/** Tells whether the browser tests can have their browser: `node test/tooling/browser-starts.ts`, exit 1 if not. */
import { launchBrowser } from '../support/browser.ts';

const { page, close } = await launchBrowser();
console.log(`Chromium ${page.context().browser()?.version() ?? 'of unknown version'} starts.`);
await close();
