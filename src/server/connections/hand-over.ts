import type { RequestListener } from 'node:http';

interface Post {
  readonly listener: RequestListener;
  underWay: number;
  readonly allAnswered: PromiseWithResolvers<void>;
}

/** A listener that can be replaced while requests arrive: each is answered whole by the one that it came to. */
export class HandOver {
  #post: Post;

  constructor(first: RequestListener) {
    this.#post = postOf(first);
  }

  readonly listener: RequestListener = (incoming, outgoing) => {
    const post = this.#post;
    post.underWay += 1;
    outgoing.once('close', () => {
      post.underWay -= 1;
      this.#settle(post);
    });
    post.listener(incoming, outgoing);
  };

  /** From now on requests go to `next`. Resolves when the one before has none left. */
  to(next: RequestListener): Promise<void> {
    const before = this.#post;
    this.#post = postOf(next);
    this.#settle(before);
    return before.allAnswered.promise;
  }

  #settle(post: Post): void {
    if (post !== this.#post && post.underWay === 0) {
      post.allAnswered.resolve();
    }
  }
}

function postOf(listener: RequestListener): Post {
  return { listener, underWay: 0, allAnswered: Promise.withResolvers() };
}
