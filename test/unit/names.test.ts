import { NodeHelpers } from 'n8n-workflow';

import { Kling } from '../../nodes/Kling/Kling.node';

const { description } = new Kling();
const operations = ['create', 'createAndWait', 'getTask', 'wait', 'getCredits'];

/** A node as n8n stores it once it is added from the list of actions. */
const parametersOf = (operation: string) => ({ resource: 'video', operation });

const namesFor = (type: typeof description) =>
	operations.map((operation) => NodeHelpers.makeNodeName(parametersOf(operation), type));

describe('what n8n calls a new node', () => {
	test('is the action of its operation', () => {
		expect(namesFor(description)).toEqual([
			'Create video from image',
			'Create video from image and wait',
			'Get video status',
			'Wait for video',
			'Get credit balance',
		]);
	});

	test('tells the tools of an AI Agent apart, by name and by description', () => {
		const tool = { ...description, name: 'klingTool', outputs: ['ai_tool' as const] };
		const descriptions = operations.map((operation) =>
			NodeHelpers.makeDescription(parametersOf(operation), tool),
		);
		expect(new Set(namesFor(tool)).size).toBe(operations.length);
		expect(new Set(descriptions).size).toBe(operations.length);
		expect(descriptions[0]).toBe('Create video from image in Kling');
	});

	test('is the same for a workflow that was saved without a resource', () => {
		const saved = NodeHelpers.getNodeParameters(
			description.properties,
			{ operation: 'wait' },
			true,
			false,
			null,
			description,
		);
		expect(saved).toMatchObject({ resource: 'video', operation: 'wait' });
		expect(NodeHelpers.makeNodeName(saved ?? {}, description)).toBe('Wait for video');
	});
});
