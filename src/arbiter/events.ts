import type { EdgeToArbiter, ExitStatus } from '../protocol/supervision/edge.ts';
import type { NewToOld } from '../protocol/supervision/upgrade.ts';
import type { ZygoteToArbiter } from '../protocol/supervision/zygote.ts';
import type { CertificateNews, Certificates } from './certificates.ts';
import type { Plan } from './plan.ts';
import type { Sample } from './scaling.ts';
import type { ArbiterSignal } from './signal-inbox.ts';

/** All that can happen to an arbiter. */
export type ArbiterEvent =
  | { readonly kind: 'signal'; readonly name: ArbiterSignal }
  | { readonly kind: 'edge-message'; readonly message: EdgeToArbiter }
  | { readonly kind: 'edge-exit'; readonly status: ExitStatus }
  | { readonly kind: 'zygote-message'; readonly generation: number; readonly message: ZygoteToArbiter }
  | {
      readonly kind: 'zygote-exit';
      readonly generation: number;
      readonly status: ExitStatus;
      /** Set when there never was a process. */
      readonly startError: string | null;
    }
  | { readonly kind: 'worker-over-memory'; readonly pid: number; readonly bytes: number }
  | { readonly kind: 'load-measured'; readonly app: string; readonly sample: Sample }
  | { readonly kind: 'plan-made'; readonly plan: Plan }
  | { readonly kind: 'plan-failed'; readonly error: Error }
  | {
      readonly kind: 'certificates-changed';
      readonly certificates: Certificates;
      readonly news: CertificateNews;
    }
  | { readonly kind: 'sources-changed'; readonly app: string; readonly files: readonly string[] }
  | { readonly kind: 'successor-message'; readonly message: NewToOld }
  | {
      readonly kind: 'successor-exit';
      readonly status: ExitStatus;
      /** Set when there never was a process. */
      readonly startError: string | null;
    }
  /** A time has come that something was waiting for. */
  | { readonly kind: 'alarm' };

/** Why the arbiter has ended: with an exit code, or over a socket that could not be listened on. */
export type Outcome =
  | { readonly kind: 'exit'; readonly code: number; readonly reason: string | null }
  | { readonly kind: 'listen-failed'; readonly fd: number; readonly code: string };
