import { ByteWriter } from '../../lib/byte-writer.ts';
import { crc32Mpeg2 } from './crc32.ts';
import { PACKET_BYTES, packetHeader } from './packet.ts';

/** The elementary streams of a program. */
export type StreamName = 'video' | 'audio' | 'metadata';

/** PIDs of ISO 13818-1 table 2-3 that are free to choose, those that most encoders take. */
export const STREAM_PIDS: Readonly<Record<StreamName, number>> = {
  video: 0x100,
  audio: 0x101,
  metadata: 0x102,
};
const PAT_PID = 0x0000;
const PMT_PID = 0x1000;

const PROGRAM_NUMBER = 1;
const TRANSPORT_STREAM_ID = 1;

/** table_id of ISO 13818-1 table 2-31. */
const TableId = { programAssociation: 0x00, programMap: 0x02 } as const;

/** stream_type of ISO 13818-1 table 2-34: H.264, ISO 13818-7 audio with ADTS, metadata carried in PES packets. */
const STREAM_TYPES: Readonly<Record<StreamName, number>> = {
  video: 0x1b,
  audio: 0x0f,
  metadata: 0x15,
};

/** descriptor_tag of ISO 13818-1 table 2-45. */
const DescriptorTag = { metadataPointer: 0x25, metadata: 0x26 } as const;

const METADATA_SERVICE_ID = 0;
const CRC_BYTES = 4;
/** version_number is five bits, ISO 13818-1 2.4.4.9. */
const VERSION_MASK = 0x1f;

/** How many packets `programTables` writes, one of each PID. */
export const TABLE_PACKETS = 2;

/**
 * The packets of a program association and a program map section, with continuity_counter 0: a PAT that names one
 * program, whose PMT lists `streams` as they stand; `clockStream` has its clock. `version`: grows with every change of
 * the streams; taken modulo 32. ISO 13818-1 2.4.4.3, 2.4.4.8.
 */
export function programTables(options: {
  readonly streams: readonly StreamName[];
  readonly clockStream: StreamName;
  readonly version: number;
}): Uint8Array {
  const packets = new ByteWriter(TABLE_PACKETS * PACKET_BYTES);
  const association = new ByteWriter().u16(PROGRAM_NUMBER).u16(0xe000 | PMT_PID);
  writeSectionPacket(packets, PAT_PID, {
    tableId: TableId.programAssociation,
    tableIdExtension: TRANSPORT_STREAM_ID,
    version: 0,
    body: association.finish(),
  });
  writeSectionPacket(packets, PMT_PID, {
    tableId: TableId.programMap,
    tableIdExtension: PROGRAM_NUMBER,
    version: options.version,
    body: programMap(options.streams, options.clockStream),
  });
  return packets.finish();
}

function programMap(streams: readonly StreamName[], clockStream: StreamName): Uint8Array {
  const body = new ByteWriter();
  body.u16(0xe000 | STREAM_PIDS[clockStream]); // PCR_PID
  const programInfo = metadataPointerDescriptor();
  body.u16(0xf000 | programInfo.byteLength).bytes(programInfo);
  for (const stream of streams) {
    const streamInfo = stream === 'metadata' ? metadataDescriptor() : new Uint8Array(0);
    body.u8(STREAM_TYPES[stream]).u16(0xe000 | STREAM_PIDS[stream]);
    body.u16(0xf000 | streamInfo.byteLength).bytes(streamInfo);
  }
  return body.finish();
}

/** Apple's "Timed Metadata for HTTP Live Streaming" 2.3: which program has the metadata of this one, namely itself. */
function metadataPointerDescriptor(): Uint8Array {
  const content = new ByteWriter();
  writeId3Format(content);
  content.u8(METADATA_SERVICE_ID);
  content.u8(0x1f); // no metadata_locator_record, MPEG_carriage_flags 0: in this transport stream; reserved
  content.u16(PROGRAM_NUMBER);
  return descriptor(DescriptorTag.metadataPointer, content.finish());
}

/** Apple's "Timed Metadata for HTTP Live Streaming" 2.3: what the elementary stream consists of. */
function metadataDescriptor(): Uint8Array {
  const content = new ByteWriter();
  writeId3Format(content);
  content.u8(METADATA_SERVICE_ID);
  content.u8(0x0f); // decoder_config_flags 0: needs none; no DSM-CC; reserved
  return descriptor(DescriptorTag.metadata, content.finish());
}

/** metadata_application_format and metadata_format, both "as their identifiers say". */
function writeId3Format(writer: ByteWriter): void {
  writer.u16(0xffff).fourCc('ID3 ').u8(0xff).fourCc('ID3 ');
}

function descriptor(tag: number, content: Uint8Array): Uint8Array {
  return new ByteWriter().u8(tag).u8(content.byteLength).bytes(content).finish();
}

/** One packet with one whole section, padded as ISO 13818-1 2.4.4 says. */
function writeSectionPacket(
  packets: ByteWriter,
  pid: number,
  section: {
    readonly tableId: number;
    readonly tableIdExtension: number;
    readonly version: number;
    readonly body: Uint8Array;
  },
): void {
  const bytes = new ByteWriter();
  bytes.u8(section.tableId);
  // section_syntax_indicator, reserved; section_length counts what follows it.
  bytes.u16(0xb000 | (5 + section.body.byteLength + CRC_BYTES));
  bytes.u16(section.tableIdExtension);
  bytes.u8(0xc1 | ((section.version & VERSION_MASK) << 1)); // current_next_indicator 1
  bytes.u8(0).u8(0); // section_number, last_section_number
  bytes.bytes(section.body);
  bytes.u32(crc32Mpeg2(bytes.finish()));

  const end = packets.length + PACKET_BYTES;
  packets.u32(packetHeader({ pid, startsUnit: true, hasField: false, continuityCounter: 0 }));
  packets.u8(0).bytes(bytes.finish()); // pointer_field
  while (packets.length < end) packets.u8(0xff);
}
