import assert from 'node:assert/strict';

/**
 * A strict reader of transport streams, from ISO 13818-1 alone and with nothing of the muxer's own: it throws wherever bytes are not
 * as the standard says.
 */
export interface ReadTransportStream {
  readonly packets: readonly ReadPacket[];
  readonly programs: readonly ReadProgram[];
  /** Complete PES packets, in the order of their first bytes. */
  readonly pes: readonly ReadPes[];
}

export interface ReadPacket {
  readonly pid: number;
  readonly startsUnit: boolean;
  readonly continuityCounter: number;
  readonly isDiscontinuous: boolean;
  readonly isRandomAccess: boolean;
  /** Base and extension, in 27 MHz. */
  readonly clock?: number;
  readonly payload: Buffer | undefined;
}

export interface ReadProgram {
  readonly version: number;
  readonly clockPid: number;
  readonly descriptors: readonly ReadDescriptor[];
  readonly streams: readonly ReadStream[];
}

export interface ReadStream {
  readonly streamType: number;
  readonly pid: number;
  readonly descriptors: readonly ReadDescriptor[];
}

export interface ReadDescriptor {
  readonly tag: number;
  readonly content: Buffer;
}

export interface ReadPes {
  readonly pid: number;
  readonly streamId: number;
  readonly statedLength: number;
  readonly isAligned: boolean;
  readonly isRandomAccess: boolean;
  readonly isDiscontinuous: boolean;
  readonly pts: number;
  /** As on the wire: absent where there is a PTS alone. */
  readonly dts: number | undefined;
  /** The newest clock when its first byte came, in 90 kHz. */
  readonly clock: number;
  readonly payload: Buffer;
}

export function readTransportStream(bytes: Uint8Array): ReadTransportStream {
  assert.equal(bytes.byteLength % 188, 0, 'a stream is whole packets');
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const packets: ReadPacket[] = [];
  for (let at = 0; at < buffer.byteLength; at += 188) {
    packets.push(readPacket(buffer.subarray(at, at + 188)));
  }
  checkContinuity(packets);

  const programs: ReadProgram[] = [];
  const pes: ReadPes[] = [];
  const open = new Map<
    number,
    { index: number; first: ReadPacket; chunks: Buffer[]; clock: number }
  >();
  let clock = Number.NaN;
  let mapPid: number | undefined;
  const close = (pid: number) => {
    const unit = open.get(pid);
    if (unit) pes[unit.index] = readPes(unit.first, Buffer.concat(unit.chunks), unit.clock);
    open.delete(pid);
  };
  let count = 0;
  for (const packet of packets) {
    const { pid, payload } = packet;
    if (packet.clock !== undefined) clock = Math.floor(packet.clock / 300);
    if (!payload) continue;
    if (pid === 0) mapPid = readAssociation(payload);
    else if (pid === mapPid) programs.push(readProgram(payload));
    else if (packet.startsUnit) {
      close(pid);
      assert.ok(
        programs.at(-1)?.streams.some((stream) => stream.pid === pid),
        `PID ${pid} is in the program map`,
      );
      assert.ok(!Number.isNaN(clock), 'a clock comes before the first PES packet');
      open.set(pid, { index: count++, first: packet, chunks: [payload], clock });
    } else {
      const unit = open.get(pid);
      assert.ok(unit, `a payload on PID ${pid} belongs to a unit`);
      unit.chunks.push(payload);
    }
  }
  for (const pid of [...open.keys()]) close(pid);
  return { packets, programs, pes };
}

/** 2.4.3.2 to 2.4.3.5. */
function readPacket(packet: Buffer): ReadPacket {
  assert.equal(packet[0], 0x47, 'sync_byte');
  assert.equal(packet[1]! & 0x80, 0, 'transport_error_indicator');
  assert.equal(packet[3]! & 0xc0, 0, 'transport_scrambling_control');
  const control = (packet[3]! >> 4) & 3;
  assert.notEqual(control, 0, 'adaptation_field_control is reserved');
  let payloadAt = 4;
  let flags = 0;
  let clock: number | undefined;
  if (control & 2) {
    const length = packet[4]!;
    if (control === 2) assert.equal(length, 183, 'adaptation_field_length without payload');
    else assert.ok(length <= 182, 'adaptation_field_length with payload');
    payloadAt = 5 + length;
    let at = 5;
    if (length > 0) {
      flags = packet[at++]!;
      assert.equal(flags & 0x2f, 0, 'only discontinuity, random access and PCR are in use');
      if (flags & 0x10) {
        const base = packet.readUInt32BE(at) * 2 + (packet[at + 4]! >> 7);
        assert.equal(packet[at + 4]! & 0x7e, 0x7e, 'reserved bits of the PCR');
        clock = base * 300 + (packet[at + 4]! & 1) * 256 + packet[at + 5]!;
        at += 6;
      }
    }
    for (; at < payloadAt; at++) assert.equal(packet[at], 0xff, 'stuffing_byte');
  }
  return {
    pid: packet.readUInt16BE(1) & 0x1fff,
    startsUnit: (packet[1]! & 0x40) !== 0,
    continuityCounter: packet[3]! & 15,
    isDiscontinuous: (flags & 0x80) !== 0,
    isRandomAccess: (flags & 0x40) !== 0,
    ...(clock === undefined ? {} : { clock }),
    payload: control & 1 ? packet.subarray(payloadAt) : undefined,
  };
}

/** 2.4.3.3: plus one with each payload, the same without, on each PID; no packet twice. */
function checkContinuity(packets: readonly ReadPacket[]): void {
  const counters = new Map<number, number>();
  for (const [i, { pid, continuityCounter, payload }] of packets.entries()) {
    const last = counters.get(pid);
    if (last !== undefined) {
      const expected = payload ? (last + 1) % 16 : last;
      assert.equal(continuityCounter, expected, `continuity_counter of packet ${i}, PID ${pid}`);
    }
    counters.set(pid, continuityCounter);
  }
}

/** 2.4.4: a section that fits one packet; its CRC leaves no remainder. */
function readSection(payload: Buffer, tableId: number): { version: number; body: Buffer } {
  assert.equal(payload[0], 0, 'pointer_field');
  const length = payload.readUInt16BE(2) & 0x0fff;
  const section = payload.subarray(1, 4 + length);
  assert.equal(section[0], tableId, 'table_id');
  assert.equal(section[1]! & 0xf0, 0xb0, 'section_syntax_indicator and reserved bits');
  assert.equal(section.byteLength, 3 + length, 'the section fits its packet');
  assert.equal(remainder(section), 0, 'CRC_32');
  assert.equal(section[5]! & 0xc1, 0xc1, 'reserved bits and current_next_indicator');
  assert.deepEqual([section[6], section[7]], [0, 0], 'section_number, last_section_number');
  for (const byte of payload.subarray(4 + length)) assert.equal(byte, 0xff, 'padding');
  return { version: (section[5]! >> 1) & 31, body: section.subarray(8, -4) };
}

/** Annex A, as the long division that it is. */
function remainder(section: Buffer): number {
  let register = 0xffff_ffffn;
  for (const byte of section) {
    for (let bit = 7; bit >= 0; bit--) {
      const out = (register >> 31n) & 1n;
      register = (register << 1n) & 0xffff_ffffn;
      if (out !== BigInt((byte >> bit) & 1)) register ^= 0x04c1_1db7n;
    }
  }
  return Number(register);
}

function readAssociation(payload: Buffer): number {
  const { body } = readSection(payload, 0);
  assert.equal(body.byteLength, 4, 'one program');
  assert.notEqual(body.readUInt16BE(0), 0, 'program_number');
  return body.readUInt16BE(2) & 0x1fff;
}

function readProgram(payload: Buffer): ReadProgram {
  const { version, body } = readSection(payload, 2);
  let at = 4 + (body.readUInt16BE(2) & 0x0fff);
  const descriptors = readDescriptors(body.subarray(4, at));
  const streams: ReadStream[] = [];
  while (at < body.byteLength) {
    const end = at + 5 + (body.readUInt16BE(at + 3) & 0x0fff);
    streams.push({
      streamType: body[at]!,
      pid: body.readUInt16BE(at + 1) & 0x1fff,
      descriptors: readDescriptors(body.subarray(at + 5, end)),
    });
    at = end;
  }
  assert.equal(at, body.byteLength, 'the streams fill the section');
  return { version, clockPid: body.readUInt16BE(0) & 0x1fff, descriptors, streams };
}

function readDescriptors(bytes: Buffer): ReadDescriptor[] {
  const descriptors: ReadDescriptor[] = [];
  let at = 0;
  while (at < bytes.byteLength) {
    const end = at + 2 + bytes[at + 1]!;
    descriptors.push({ tag: bytes[at]!, content: bytes.subarray(at + 2, end) });
    at = end;
  }
  assert.equal(at, bytes.byteLength, 'the descriptors fill their place');
  return descriptors;
}

/** 2.4.3.6, 2.4.3.7. */
function readPes(first: ReadPacket, bytes: Buffer, clock: number): ReadPes {
  assert.equal(bytes.readUIntBE(0, 3), 1, 'packet_start_code_prefix');
  const statedLength = bytes.readUInt16BE(4);
  const streamId = bytes[3]!;
  if (statedLength === 0) {
    assert.equal(streamId, 0xe0, 'only video may leave PES_packet_length open');
  } else assert.equal(bytes.byteLength, 6 + statedLength, 'PES_packet_length');
  assert.equal(bytes[6]! & 0xfb, 0x80, "'10' and no flags but data_alignment_indicator");
  const flags = bytes[7]!;
  assert.ok(flags === 0x80 || flags === 0xc0, 'PTS_DTS_flags and no others');
  const hasDts = flags === 0xc0;
  assert.equal(bytes[8], hasDts ? 10 : 5, 'PES_header_data_length');
  return {
    pid: first.pid,
    streamId,
    statedLength,
    isAligned: (bytes[6]! & 0x04) !== 0,
    isRandomAccess: first.isRandomAccess,
    isDiscontinuous: first.isDiscontinuous,
    pts: readTimestamp(bytes, 9, hasDts ? 3 : 2),
    dts: hasDts ? readTimestamp(bytes, 14, 1) : undefined,
    clock,
    payload: bytes.subarray(hasDts ? 19 : 14),
  };
}

function readTimestamp(bytes: Buffer, at: number, prefix: number): number {
  const bits = BigInt(`0x${bytes.subarray(at, at + 5).toString('hex')}`);
  assert.equal(bits >> 36n, BigInt(prefix), 'the bits before a timestamp');
  for (const marker of [32n, 16n, 0n]) assert.equal((bits >> marker) & 1n, 1n, 'marker_bit');
  const field = (shift: bigint, mask: bigint) => (bits >> shift) & mask;
  return Number((field(33n, 7n) << 30n) | (field(17n, 0x7fffn) << 15n) | field(1n, 0x7fffn));
}

/** ISO 14496-10 annex B, of streams whose start codes have four bytes. */
export function splitAnnexB(bytes: Buffer): Buffer[] {
  const units: Buffer[] = [];
  const startCode = Buffer.of(0, 0, 0, 1);
  assert.ok(bytes.subarray(0, 4).equals(startCode), 'an access unit begins with a start code');
  for (let at = 4; at <= bytes.byteLength; ) {
    const next = bytes.indexOf(startCode, at);
    units.push(bytes.subarray(at, next < 0 ? bytes.byteLength : next));
    at = next < 0 ? bytes.byteLength + 1 : next + 4;
  }
  return units;
}

/** ISO 14496-3 1.A.2.2: headers without CRC, one frame each. */
export function splitAdts(bytes: Buffer): { readonly header: Buffer; readonly frame: Buffer }[] {
  const frames: { header: Buffer; frame: Buffer }[] = [];
  for (let at = 0; at < bytes.byteLength; ) {
    assert.equal(bytes.readUInt16BE(at), 0xfff1, 'syncword, MPEG-4, no CRC');
    const length = (bytes.readUIntBE(at + 3, 3) >> 5) & 0x1fff;
    assert.ok(length >= 7 && at + length <= bytes.byteLength, 'aac_frame_length');
    frames.push({ header: bytes.subarray(at, at + 7), frame: bytes.subarray(at + 7, at + length) });
    at += length;
  }
  return frames;
}
