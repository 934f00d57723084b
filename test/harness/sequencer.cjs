const { default: Sequencer } = require('@jest/test-sequencer');

/** Files that wait for minutes, for n8n's own timers above all. */
const LONG = ['n8n/timeouts', 'n8n/callbacks', 'n8n/media', 'n8n/typing', 'queue/crash'];

/**
 * Begins with the long files, so that none of them is left over at the end of a run. Jest itself knows
 * how long a file takes only once it has run on this machine.
 */
module.exports = class LongFilesFirst extends Sequencer {
	sort(tests) {
		const isLong = ({ path }) => LONG.some((name) => path.endsWith(`${name}.test.ts`));
		const sorted = super.sort(tests);
		return [...sorted.filter(isLong), ...sorted.filter((test) => !isLong(test))];
	}
};
