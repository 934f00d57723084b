/**
 * Faults to plant in the shipped code, one at a time: each must fail a test of the suites `unit` or
 * `node` (`npm run mutate`).
 */
export interface PlantedFault {
	/** Below nodes/Kling/. */
	file: string;
	/** The text that is replaced; it stands in the file once. */
	find: string;
	replace: string;
	/** What no longer holds then. */
	breaks: string;
	/** Why only a real n8n can notice, and which of its tests does; such a fault is not run. */
	onlyInN8n?: string;
}

export const PLANTED_FAULTS: readonly PlantedFault[] = [
	{
		file: 'parameters/waiting.ts',
		find: 'Math.max(seconds, MIN_POLL_INTERVAL_SECONDS)',
		replace: 'seconds',
		breaks: 'the API is read every two seconds at most',
	},
	{
		file: 'parameters/callback.ts',
		find: '(webhook|form)-test',
		replace: 'webhook-test',
		breaks: 'a form’s Test URL is refused as Callback URL',
	},
	{
		file: 'parameters/taskId.ts',
		find: 'text.toLowerCase()',
		replace: 'text',
		breaks: 'a task ID in capitals is sent in lower case',
	},
	{
		file: 'parameters/sharePages.ts',
		find: "if (url.searchParams.get(name) === value) return 'here';",
		replace: '',
		breaks: 'the address that the hint for Dropbox recommends is taken',
	},
	{
		file: 'parameters/spending.ts',
		find: '.filter((one) => one !== NO_LIMIT)',
		replace: '',
		breaks: 'an item without a limit does not lift the limit of the others',
	},
	{
		file: 'parameters/readers.ts',
		find: '.flat(Infinity)',
		replace: '.flat()',
		breaks: 'lists are read whatever their depth',
	},
	{
		file: 'images/imageType.ts',
		find: " && text.slice(8, 12) === 'WEBP'",
		replace: '',
		breaks: 'a sound file (RIFF, too) is no image',
	},
	{
		file: 'images/checkImages.ts',
		find: 'status === 404 || status === 410',
		replace: 'status === 404',
		breaks: 'an image that is gone for good refuses its item',
	},
	{
		file: 'images/checkImages.ts',
		find: 'status === 206 ? range : ',
		replace: '',
		breaks: 'a part of a large image does not pass for a small image',
	},
	{
		file: 'images/itemImages.ts',
		find: 'createBinarySignedUrl(copy,',
		replace: 'createBinarySignedUrl(file,',
		breaks: 'the signed address of an uploaded file outlives the execution',
		onlyInN8n: 'n8n itself moves the file when the execution ends: test/n8n/media.test.ts',
	},
];
