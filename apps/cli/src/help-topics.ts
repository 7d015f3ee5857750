import { EXIT, EXIT_MEANINGS } from './exit-codes.ts';
import { formatFacts } from './output/index.ts';

/** Help that belongs to no single command. */
export const TOPICS = {
  'exit-codes': { title: 'what each exit code means' },
  settings: { title: 'variables and profiles' },
} as const;
export type Topic = keyof typeof TOPICS;

const SETTINGS = formatFacts([
  ['DARKROOM_URL', 'the URL of a producer (default: http://127.0.0.1:3000)'],
  ['DARKROOM_API_KEY', 'the API key for that URL'],
  ['DARKROOM_PROFILE', 'the profile to use when neither of them is set'],
  ['XDG_CONFIG_HOME', 'profiles are in $XDG_CONFIG_HOME/darkroom/config.json (default: ~/.config)'],
  ['NO_COLOR', 'with any value, the output has no colours'],
]);

export function formatTopic(topic: Topic): string {
  switch (topic) {
    case 'exit-codes': {
      const names = Object.keys(EXIT) as (keyof typeof EXIT)[];
      return `Exit codes of darkroom:\n\n${formatFacts(names.map((name) => [String(EXIT[name]), EXIT_MEANINGS[name]]))}`;
    }
    case 'settings':
      return [
        'Settings of darkroom:',
        '',
        SETTINGS,
        'The first of these decides: --profile; DARKROOM_URL and DARKROOM_API_KEY; DARKROOM_PROFILE; the default profile.',
        'URL and key always come from the same place: a key is never sent to the server of another one.',
        'doctor and restore connect to Redis and to the store themselves. They read the settings of a worker.',
        '',
      ].join('\n');
  }
}
