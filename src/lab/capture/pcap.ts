/**
 * Reads a capture as `tcpdump -w -` writes it, piece by piece: a header, then records of a time stamp and a frame. The
 * libpcap file format, both byte orders, times in microseconds.
 */

/** One captured frame. */
export interface Frame {
  /** Microseconds since 1970, by the kernel's clock. */
  readonly epoch: number;
  readonly bytes: Buffer;
}

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const MAGIC = 0xa1b2c3d4;

/** Takes in a capture's bytes as they come and gives out the frames that have become whole. */
export class PcapReader {
  #pending: Buffer = Buffer.alloc(0);
  #little: boolean | undefined;

  /** The frames that are complete now that these bytes are there. */
  push(chunk: Buffer): readonly Frame[] {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    if (this.#little === undefined && !this.#readFileHeader()) return [];
    const frames: Frame[] = [];
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame);
    return frames;
  }

  #readFileHeader(): boolean {
    if (this.#pending.length < FILE_HEADER) return false;
    this.#little = this.#pending.readUInt32LE(0) === MAGIC;
    if (!this.#little && this.#pending.readUInt32BE(0) !== MAGIC)
      throw new Error("not a capture in microseconds");
    this.#pending = this.#pending.subarray(FILE_HEADER);
    return true;
  }

  #next(): Frame | undefined {
    if (this.#pending.length < RECORD_HEADER) return undefined;
    const end = RECORD_HEADER + this.#number(8);
    if (this.#pending.length < end) return undefined;
    const epoch = this.#number(0) * 1_000_000 + this.#number(4);
    const bytes = this.#pending.subarray(RECORD_HEADER, end);
    this.#pending = this.#pending.subarray(end);
    return { epoch, bytes };
  }

  #number(offset: number): number {
    return this.#little ? this.#pending.readUInt32LE(offset) : this.#pending.readUInt32BE(offset);
  }
}
