import fc from 'fast-check';

import { readNodeContext } from '../../nodes/Kling/n8n/execution';
import { quoteInExpression } from '../../nodes/Kling/n8n/workflow';
import { klingNode } from '../harness/node/builders';

test('a text in an expression never holds two braces in a row, and means the same', () => {
	fc.assert(
		fc.property(fc.string(), (text) => {
			const quoted = quoteInExpression(`{{${text}}}`);
			expect(quoted).not.toMatch(/[{}]/);
			expect(JSON.parse(quoted)).toBe(`{{${text}}}`);
		}),
	);
});

describe('what a node has stored with its execution', () => {
	const stored = { some: 'thing' };
	const called = (runExecutionData?: unknown) => {
		const expressions: string[] = [];
		const context = {
			getNode: () => klingNode({ name: 'Kling "2"' }),
			evaluateExpression: (expression: string) => {
				expressions.push(expression);
				return stored;
			},
			runExecutionData,
		};
		return { context, expressions };
	};

	test('is taken from the data that n8n’s context carries, without its sandbox', () => {
		const { context, expressions } = called({
			executionData: { contextData: { 'node:Kling "2"': stored, 'node:Other': {} } },
		});
		expect(readNodeContext(context)).toBe(stored);
		expect(expressions).toEqual([]);
	});

	test('is asked for by an expression where n8n’s context carries nothing', () => {
		const { context, expressions } = called();
		expect(readNodeContext(context)).toBe(stored);
		expect(expressions).toEqual(['{{ $node["Kling \\"2\\""].context }}']);
	});

	test('is undefined for a node that has stored nothing', () => {
		const { context } = called({ executionData: { contextData: {} } });
		expect(readNodeContext(context)).toBeUndefined();
	});
});
