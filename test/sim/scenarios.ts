// Schedules that are known to be dangerous, each written down by its name.
import { COPIES } from './scenarios/copies.ts'
import { MEMBERS } from './scenarios/members.ts'
import { PEOPLE } from './scenarios/people.ts'
import { READS } from './scenarios/reads.ts'
import { REGISTERS } from './scenarios/registers.ts'
import type { Scenario } from './scenarios/script.ts'
import { TAKEOVERS } from './scenarios/takeovers.ts'

export const SCENARIOS: readonly Scenario[] = [...TAKEOVERS, ...MEMBERS, ...REGISTERS, ...COPIES, ...PEOPLE, ...READS]
