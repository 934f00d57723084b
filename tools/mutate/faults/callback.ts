import type { PlantedFault } from '../fault';

export const IN_CALLBACK: readonly PlantedFault[] = [
	{
		file: 'callback/target.ts',
		find: 'if (!isOwnTrigger(this.context, callback, callbackUrl)) {',
		replace: "if (callback !== 'url') {",
		breaks: 'an address of others is left as it is, and its resume addresses are not shown',
		noticedBy: 'node/callback: never goes to an address of others',
	},
	{
		file: 'callback/target.ts',
		find: "if (callbackUrl === null || callback === 'execution') {",
		replace: 'if (callbackUrl === null) {',
		breaks: 'nothing is shown of a resume address',
		noticedBy: 'node/callback: wakes the Wait',
	},
	{
		file: 'callback/registration.ts',
		find: 'ownHosts(context).includes(hostname)',
		replace: "hostname !== ''",
		breaks: 'a reference goes to triggers of this n8n alone',
		noticedBy: 'node/callback: is an address of a Kling Trigger',
	},
	{
		file: 'callback/registration.ts',
		find: ' === new URL(url).pathname',
		replace: " !== ''",
		breaks: 'a test in the editor does not withdraw the trigger',
		noticedBy: 'node/storedData: klingTrigger',
	},
	{
		file: 'callback/target.ts',
		find: 'if (isStartedByTrigger(context)) return nowhere(NEXT.startsItself);',
		replace: '',
		breaks: 'Automatic never calls the trigger that started the execution',
		noticedBy: 'node/callback: Automatic',
	},
	{
		file: 'callback/target.ts',
		find: "return choiceOf(context, 'execution', address);",
		replace: "return { ...choiceOf(context, 'execution', address), insists: CALLBACK };",
		breaks: 'Automatic does without a callback that the API cannot reach',
		noticedBy: 'node/callback: does without a callback',
	},
];
