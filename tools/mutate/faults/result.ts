import type { PlantedFault } from '../fault';

export const IN_RESULT: readonly PlantedFault[] = [
	{
		file: 'result/download.ts',
		find: 'if (type === null) return',
		replace: "if (type === null || !/^video/.test(String(headers['content-type']))) return",
		breaks: 'a video counts by its content, not by what its host calls it',
		noticedBy: 'node/download',
	},
	{
		file: 'result/download.ts',
		find: 'Math.min(leftMs, FILE_TIMEOUT_MS)',
		replace: 'FILE_TIMEOUT_MS',
		breaks: 'a download ends before n8n’s timer ends the sleep',
		noticedBy: 'unit/media: n8n gives only so much time',
	},
	{
		file: 'result/hints.ts',
		find: ".replace(/</g, '&lt;')",
		replace: '',
		breaks: 'the words of the API do not become a part of the page',
		noticedBy: 'unit/hints: never lets the words',
	},
	{
		file: 'result/item.ts',
		find: "['callback', 'callbackUrl'].includes(key)",
		replace: "key === ''",
		breaks: 'a model reads nothing of callbacks',
		noticedBy: 'unit/items: nothing about callbacks',
	},
	{
		file: 'result/reading.ts',
		find: 'if (isOver && failure !== null)',
		replace: 'if (failure !== null)',
		breaks: 'past its time a task that could not be read last is passed on, not failed',
		noticedBy: 'unit/asleep: comes out at its timeout',
	},
	{
		file: 'result/task.ts',
		find: 'code !== NO_VIDEO.code',
		replace: "code !== ''",
		breaks: 'no credits are promised for a task that the API calls completed',
		noticedBy: 'unit/task: promises no credits',
	},
];
