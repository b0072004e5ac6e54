// Colour on a terminal, and nowhere else: https://no-color.org
const COLOURS: readonly { readonly code: number; readonly words: readonly string[] }[] = [
  { code: 33, words: ['no host may be lost now', 'not all compared', 'rejoining', 'draining', 'away from home'] },
  {
    code: 31,
    words: [
      'silent',
      'DIFFERENT',
      'FAILED',
      'Failed',
      'isolated',
      'fenced',
      'gone',
      'held twice',
      'held by nobody',
      'holder cannot serve',
    ],
  },
  { code: 32, words: ['either host may be lost now', 'serving', 'equal', 'ok', 'Passed'] },
]
const WORDS = new RegExp(`\\b(${COLOURS.flatMap(({ words }) => words).join('|')})\\b`, 'g')

export const wantsColour = (out: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean =>
  out.isTTY === true && (env.NO_COLOR ?? '') === ''

/** The words by which the state of things is told, in colours that the terminal chooses. */
export const coloured = (text: string): string =>
  text.replace(WORDS, words => {
    const code = COLOURS.find(colour => colour.words.includes(words))?.code ?? 0
    return `\u001b[${code}m${words}\u001b[0m`
  })
