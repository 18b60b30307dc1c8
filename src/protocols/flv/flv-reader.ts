import { ProtocolViolation } from '../../lib/protocol-violation.ts';
import { type SlabAllocator, SlabPool } from '../../lib/slab-pool.ts';
import {
  FLV_HEADER_BYTES,
  FLV_TAG_HEADER_BYTES,
  FLV_TAG_TYPE,
  type FlvTag,
  PREVIOUS_TAG_SIZE_BYTES,
} from './flv-tag.ts';

/** E.2: DataOffset "usually has a value of 9 for FLV version 1"; more is for "future versions". */
const MAX_DATA_OFFSET = 64;

const KINDS: ReadonlyMap<number, FlvTag['kind']> = new Map([
  [FLV_TAG_TYPE.audio, 'audio'],
  [FLV_TAG_TYPE.video, 'video'],
  [FLV_TAG_TYPE.script, 'script'],
]);

/** Sequence headers are below this, and are not kept as frames are: they are not cut from the slabs of frames. */
const MAX_HEADER_BODY_BYTES = 80;

const NO_BYTES = Buffer.alloc(0);

interface OpenTag {
  readonly kind: FlvTag['kind'];
  readonly timestampMs: number;
  readonly body: Buffer;
  filled: number;
}

/**
 * Bytes of an FLV file in, tags out (Adobe FLV 10.1, annex E), however the bytes are cut. Each payload byte is copied once,
 * into the body of its tag. A tag is given out at its last byte, before the PreviousTagSize behind it.
 *
 * `next` throws `ProtocolViolation`; the reader is of no use afterwards.
 */
export class FlvReader {
  readonly #bodyLimitBytes: number;
  readonly #slabs: SlabAllocator;
  readonly #carry = Buffer.alloc(MAX_DATA_OFFSET);
  #carried = 0;
  #input: Buffer = NO_BYTES;
  #at = 0;
  /** Until the file's header was read. */
  #isAtStart = true;
  /** Bytes to pass over before the next header. */
  #skipBytes = 0;
  #open: OpenTag | undefined;

  /** Bodies larger than `bodyLimitBytes` are refused before memory is taken for them; frames are put into `slabs`. */
  constructor(bodyLimitBytes: number, slabs = new SlabPool().allocator()) {
    this.#bodyLimitBytes = bodyLimitBytes;
    this.#slabs = slabs;
  }

  /** Takes bytes; they must not change until `next` has no more to give. Call it only then. */
  push(bytes: Uint8Array): void {
    const buffer = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#input =
      this.#at < this.#input.length
        ? Buffer.concat([this.#input.subarray(this.#at), buffer])
        : buffer;
    this.#at = 0;
  }

  /** The next complete tag, or nothing until more bytes are pushed. Tags of types that FLV does not define are left out. */
  next(): FlvTag | undefined {
    for (;;) {
      const tag = this.#open === undefined ? undefined : this.#fill(this.#open);
      if (tag !== undefined) return tag;
      if (this.#open !== undefined || !this.#readHeader()) {
        this.#input = NO_BYTES;
        this.#at = 0;
        return undefined;
      }
    }
  }

  #fill(open: OpenTag): FlvTag | undefined {
    const copied = this.#input.copy(open.body, open.filled, this.#at);
    open.filled += copied;
    this.#at += copied;
    if (open.filled < open.body.length) return undefined;
    this.#open = undefined;
    return open;
  }

  /** Reads the file's header or a tag's, and says whether it was all there. */
  #readHeader(): boolean {
    if (!this.#skip()) return false;
    const header = this.#gather(this.#isAtStart ? FLV_HEADER_BYTES : FLV_TAG_HEADER_BYTES);
    if (header === undefined) return false;
    if (this.#isAtStart) this.#beginFile(header);
    else this.#beginTag(header);
    return true;
  }

  #skip(): boolean {
    const count = Math.min(this.#skipBytes, this.#input.length - this.#at);
    this.#at += count;
    this.#skipBytes -= count;
    return this.#skipBytes === 0;
  }

  /** The next `byteLength` bytes: a view where the input has them all, put together in the carry where it does not. */
  #gather(byteLength: number): Buffer | undefined {
    if (this.#carried === 0 && this.#input.length - this.#at >= byteLength) {
      this.#at += byteLength;
      return this.#input.subarray(this.#at - byteLength, this.#at);
    }
    const wanted = byteLength - this.#carried;
    const copied = this.#input.copy(this.#carry, this.#carried, this.#at, this.#at + wanted);
    this.#at += copied;
    this.#carried += copied;
    if (this.#carried < byteLength) return undefined;
    this.#carried = 0;
    return this.#carry.subarray(0, byteLength);
  }

  #beginFile(header: Buffer): void {
    const signature = header.toString('latin1', 0, 3);
    const dataOffset = header.readUInt32BE(5);
    if (signature !== 'FLV') {
      throw new ProtocolViolation('cannot read an FLV file: it does not begin with "FLV"');
    }
    if (dataOffset < FLV_HEADER_BYTES || dataOffset > MAX_DATA_OFFSET) {
      throw new ProtocolViolation(
        `cannot read an FLV file: its header is said to have ${dataOffset} bytes`,
      );
    }
    this.#isAtStart = false;
    this.#skipBytes = dataOffset - FLV_HEADER_BYTES + PREVIOUS_TAG_SIZE_BYTES;
  }

  #beginTag(header: Buffer): void {
    const first = header.readUInt8(0);
    const byteLength = header.readUIntBE(1, 3);
    if (byteLength > this.#bodyLimitBytes) {
      throw new ProtocolViolation(
        `cannot take an FLV tag of ${byteLength} bytes: at most ${this.#bodyLimitBytes}`,
      );
    }
    // E.4.1: Reserved, then Filter, which says that the body is encrypted.
    if ((first & 0xe0) !== 0) {
      throw new ProtocolViolation(`cannot read an FLV tag that begins with ${first}`);
    }
    const kind = KINDS.get(first);
    this.#skipBytes = PREVIOUS_TAG_SIZE_BYTES;
    if (kind === undefined) {
      this.#skipBytes += byteLength;
      return;
    }
    const isFrame = kind !== 'script' && byteLength > MAX_HEADER_BODY_BYTES;
    this.#open = {
      kind,
      timestampMs: header.readUInt8(7) * 2 ** 24 + header.readUIntBE(4, 3),
      body: isFrame ? this.#slabs.allocate(byteLength) : Buffer.allocUnsafe(byteLength),
      filled: 0,
    };
  }
}
