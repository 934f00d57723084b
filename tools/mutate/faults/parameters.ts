import type { PlantedFault } from '../fault';

export const IN_PARAMETERS: readonly PlantedFault[] = [
	{
		file: 'parameters/callback.ts',
		find: '(webhook|form)-test',
		replace: 'webhook-test',
		breaks: 'a form’s Test URL is refused as Callback URL',
		noticedBy: 'node/inputReadings: Callback URL',
	},
	{
		file: 'parameters/readers.ts',
		find: '.flat(Infinity)',
		replace: '',
		breaks: 'a list in a list is read',
		noticedBy: 'node/parameters',
	},
	{
		file: 'parameters/readers.ts',
		find: 'const { length } = [...text];',
		replace: 'const { length } = text;',
		breaks: 'a prompt is measured in code points',
		noticedBy: 'unit/request: measured in code points',
	},
	{
		file: 'parameters/addresses.ts',
		find: "[/^((www|m)\\.)?dropbox\\.com\\/.*[?&](raw|dl)=1/, '$&'],",
		replace: '',
		breaks: 'the address that the hint for Dropbox recommends is taken',
		noticedBy: 'node/inputReadings: the direct address',
	},
	{
		file: 'parameters/spending.ts',
		find: ' || Infinity',
		replace: '',
		breaks: 'an item without a limit does not lift the limit of the others',
		noticedBy: 'node/money: that differs from item to item',
	},
	{
		file: 'parameters/taskId.ts',
		find: 'text.toLowerCase()',
		replace: 'text',
		breaks: 'a task ID in capitals is sent in lower case',
		noticedBy: 'node/inputReadings: Task ID',
	},
	{
		file: 'parameters/waiting.ts',
		find: 'Math.max(seconds, MIN_POLL_INTERVAL_SECONDS)',
		replace: 'seconds',
		breaks: 'the API is read every two seconds at most',
		noticedBy: 'node/output: never reads more often',
	},
	{
		file: 'parameters/waiting.ts',
		find: "throwOnFailure && strategy === 'poll'",
		replace: 'throwOnFailure',
		breaks: 'a wait that may sleep does not stop the run at a failed video',
		noticedBy: 'node/output: what each item itself says',
	},
];
