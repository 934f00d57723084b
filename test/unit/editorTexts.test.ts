import { type INodeParameters, type NodeHint, Workflow } from 'n8n-workflow';

import { Kling } from '../../nodes/Kling/Kling.node';
import { HINTS, SUBTITLE, WAITING_TOOLTIP } from '../../nodes/Kling/parameters/editorTexts';
import { klingNode } from '../harness/node/builders';

const kling = new Kling();
// n8n gives every tool a choice of descriptions.
const tool = new Kling();
tool.description.properties.unshift({
	displayName: 'Tool Description',
	name: 'descriptionType',
	type: 'hidden',
	default: 'auto',
});

/** What the editor makes of a text for a node with these parameters; undefined where it shows none. */
function evaluated(text: string, parameters: INodeParameters, type = kling): unknown {
	const node = klingNode({ parameters });
	const workflow = new Workflow({
		nodes: [node],
		connections: {},
		active: false,
		nodeTypes: {
			getByName: () => type,
			getByNameAndVersion: () => type,
			getKnownTypes: () => ({}),
		},
	});
	return workflow.expression.getSimpleParameterValue(node, text, 'internal', {});
}

describe('the subtitle', () => {
	test.each<[INodeParameters, string]>([
		[{ operation: 'create' }, 'Create Video: ~110 credits'],
		[{ operation: 'createAndWait', duration: 10, sound: true }, 'Create & Wait: ~440 credits'],
		[{ operation: 'create', duration: '={{ $json.seconds }}' }, 'Create Video'],
		[{ operation: 'create', sound: "={{ $fromAI('sound') }}" }, 'Create Video'],
		[{ operation: 'create', options: { maxCredits: 500 } }, 'Create Video: ~110, ≤ 500 credits'],
		[
			{ operation: 'create', duration: '={{ $json.x }}', options: { maxCredits: 500 } },
			'Create Video: ≤ 500 credits',
		],
		[
			{ operation: 'createAndWait', options: { dryRun: true, maxCredits: 500 } },
			'Create & Wait: dry run',
		],
		[
			{
				operation: 'create',
				options: { dryRun: '={{ $json.dry }}', maxCredits: '={{ $json.max }}' },
			},
			'Create Video: ~110 credits',
		],
		[{ operation: 'getTask', duration: 10 }, 'Get Video'],
		[{ operation: 'wait' }, 'Wait for Video'],
		[{ operation: 'getCredits' }, 'Get Credits'],
	])('for %j is “%s”', (parameters, subtitle) => {
		expect(evaluated(SUBTITLE, parameters)).toBe(subtitle);
	});
});

describe('what a sleeping node says', () => {
	test.each([
		[45, 'sleeps until then, for at most 45 minutes, and goes on by itself.'],
		['={{ $json.minutes }}', 'sleeps until then, and goes on by itself.'],
	])('with a timeout of %j ends in “%s”', (timeout, end) => {
		const parameters = { operation: 'wait', timeout };
		expect(String(evaluated(WAITING_TOOLTIP, parameters)).endsWith(end)).toBe(true);
	});
});

describe('notes beside the panel', () => {
	/** Those that the editor shows. */
	const shown = (parameters: INodeParameters, type = kling) =>
		HINTS.filter(
			({ displayCondition = '' }: NodeHint) =>
				evaluated(displayCondition, parameters, type) === true,
		).map(({ message }) => message.slice(0, 15));

	test.each<[INodeParameters, string[]]>([
		[{ operation: 'create', prompt: 'A cat {{ $json.x }}' }, ['Prompt holds {{']],
		[
			{ operation: 'create', prompt: '=A cat {{ $json.x }}', imageUrls: '{{$json.y}}' },
			['Image URLs hold'],
		],
		[{ operation: 'create', prompt: 'A cat\nwith a {{' }, []],
		[{ operation: 'wait' }, ['Most videos tak']],
		[{ operation: 'getTask' }, []],
	])('for %j are %j', (parameters, messages) => {
		expect(shown(parameters)).toEqual(messages);
	});

	test('say nothing of leaving the page to whoever makes a tool of it', () => {
		expect(shown({ operation: 'wait' }, tool)).toEqual([]);
	});
});
