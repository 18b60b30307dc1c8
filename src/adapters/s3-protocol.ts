import type { UnreadableFileFacts } from '../domain/unreadable-file.ts';
import type { ObjectKind } from '../recording/ports.ts';

/** What passes between `S3Thread` and its worker. One reply for each request, in any order. */
export interface S3Request {
  readonly id: number;
  readonly work: S3Work;
}

export type S3Work =
  | { readonly kind: 'probe'; readonly bucketName: string }
  | {
      readonly kind: 'put-bytes';
      readonly bucketName: string;
      readonly key: string;
      readonly bytes: Uint8Array;
      readonly object: ObjectKind;
    }
  | {
      readonly kind: 'put-file';
      readonly bucketName: string;
      readonly key: string;
      readonly path: string;
      readonly object: ObjectKind;
    };

export interface S3Reply {
  readonly id: number;
  /** Absent where all went well. `isRefused`: it was a `DestinationRefused`; `unreadable`: an `UnreadableFile`. */
  readonly failure?: {
    readonly name: string;
    readonly message: string;
    readonly isRefused: boolean;
    readonly unreadable?: UnreadableFileFacts;
  };
}
