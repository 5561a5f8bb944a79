/** How many bytes are allocated at once. */
const PIECE_BYTES = 64 * 1024

/**
 * Memory outside of the heap for the texts and the bodies of requests. A thousand deliveries in the heap would be copied by
 * the garbage collector again and again. A piece of it is free when nobody refers to the piece any more.
 */
export class Shelf {
  /** What `take` has taken last lies in here. */
  piece: Buffer = Buffer.alloc(0)
  #used = 0

  /** Takes so many bytes, and returns where they begin in `piece`. */
  take(bytes: number): number {
    if (this.#used + bytes > this.piece.length) {
      this.piece = Buffer.allocUnsafeSlow(Math.max(PIECE_BYTES, bytes))
      this.#used = 0
    }
    const start = this.#used
    this.#used += bytes
    return start
  }

  /** Gives back what was taken last, from a place on. */
  giveBack(from: number): void {
    this.#used = from
  }
}
