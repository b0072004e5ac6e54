// When a group of writes goes. A group costs two commits, a job and an acknowledgement whatever its size, so a busy origin does
// better with few large ones; but a lone write must not wait for others that never come. Pure: time is told.

/** A further group, beside those on their way, goes once it holds so many times what they hold; where groups are quick, as much as they. */
const FURTHER_TIMES = 2
/** Clients that were answered write again: a group waits for so much of what came together of late. */
const EXPECTED_SHARE = 0.8
/** What came together once is remembered less with every group that was smaller. */
const REMEMBERED_SHARE = 0.7
/**
 * It waits for so much of the time that a group took of late, which is what a wait can save: the cost of a group of its own. Half, as
 * PostgreSQL advises for its commit_delay. See https://www.postgresql.org/docs/current/wal-configuration.html
 */
const WAIT_SHARE = 0.5
/** No wait is longer, however long groups take. */
export const WAIT_MS_MAX = 10
/** Each group counts so much in the time that they took of late. */
const NEWEST_SHARE = 0.25

export class Pace {
  #expected = 0
  #tookMs = 0

  /**
   * How long those that wait should wait for more, in whole milliseconds: 0 is not at all, null until a group is answered.
   * @param waiting writes, at least one
   * @param onTheirWay writes in groups that are not answered
   */
  waitMs(waiting: number, onTheirWay: number): number | null {
    this.#expected = Math.max(this.#expected, waiting + onTheirWay)
    const worth = Math.floor(WAIT_SHARE * this.#tookMs)
    if (onTheirWay > 0) return waiting < onTheirWay * (worth > 0 ? FURTHER_TIMES : 1) ? null : 0
    return waiting < EXPECTED_SHARE * this.#expected ? worth : 0
  }

  /** A group goes, beside those that wait on and those on their way: so many writes with it. */
  goes(all: number): void {
    this.#expected = all + REMEMBERED_SHARE * (this.#expected - all)
  }

  /** A group was answered after that long. One that waited for a takeover says nothing of the next. */
  took(ms: number): void {
    this.#tookMs += NEWEST_SHARE * (Math.min(ms, WAIT_MS_MAX / WAIT_SHARE) - this.#tookMs)
  }
}
