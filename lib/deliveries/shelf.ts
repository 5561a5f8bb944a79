/** How many bytes are allocated at once. */
const PIECE_BYTES = 64 * 1024
/** How many empty pieces are kept for later. */
const MAX_EMPTY = 4

/** A part of the shelf. */
export interface Piece {
  readonly bytes: Buffer
  /** How many deliveries lie in it. */
  users: number
}

/**
 * Memory outside of the heap for the texts and the bodies of requests. A thousand deliveries in the heap would be copied by
 * the garbage collector again and again. A piece in which nothing lies any more is wiped and used again: V8 would only free
 * it by going through the whole heap.
 */
export class Shelf {
  /** What `take` has taken last lies in here. */
  piece: Piece = { bytes: Buffer.alloc(0), users: 0 }
  #used = 0
  readonly #empty: Piece[] = []

  /** Takes so many bytes for one more user of `piece`, and returns where they begin in it. */
  take(bytes: number): number {
    if (this.#used + bytes > this.piece.bytes.length) this.#begin(bytes)
    const start = this.#used
    this.#used += bytes
    this.piece.users += 1
    return start
  }

  /** Gives back what was taken last, from a place on. */
  giveBack(from: number): void {
    this.#used = from
  }

  /** Takes one user from a piece, who reads nothing in it any more. */
  leave(piece: Piece): void {
    piece.users -= 1
    if (piece !== this.piece) this.#keepEmpty(piece)
  }

  #begin(bytes: number): void {
    const full = this.piece
    const empty = bytes > PIECE_BYTES ? undefined : this.#empty.pop()
    this.piece = empty ?? { bytes: Buffer.allocUnsafeSlow(Math.max(PIECE_BYTES, bytes)), users: 0 }
    this.#used = 0
    this.#keepEmpty(full)
  }

  #keepEmpty(piece: Piece): void {
    if (piece.users > 0 || piece.bytes.length !== PIECE_BYTES || this.#empty.length === MAX_EMPTY) return
    piece.bytes.fill(0)
    this.#empty.push(piece)
  }
}
