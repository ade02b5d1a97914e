import { Component, type ReactNode, Suspense } from 'react';
import { faultOf, FaultText } from '../page/fault.tsx';

/** Shows what waits as waiting; and a request that brought no answer, which Relay throws, as a fault. */
export class FaultBoundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    return this.state.failed ? (
      <FaultText fault={faultOf(undefined)} />
    ) : (
      <Suspense fallback={<p>…</p>}>{this.props.children}</Suspense>
    );
  }
}
