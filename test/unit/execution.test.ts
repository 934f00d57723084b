import { readNodeContext } from '../../nodes/Kling/n8n/execution';
import { klingNode } from '../harness/node/builders';

describe('what a node has stored with its execution', () => {
	const NAME = 'Kling "2" {{ 3 }}';
	const stored = { some: 'thing' };
	const called = (runExecutionData?: unknown) => {
		const expressions: string[] = [];
		const context = {
			getNode: () => klingNode({ name: NAME }),
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
			executionData: { contextData: { [`node:${NAME}`]: stored, 'node:Other': {} } },
		});
		expect(readNodeContext(context)).toBe(stored);
		expect(expressions).toEqual([]);
	});

	test('is asked for by an expression, without braces that would end it, where n8n’s context carries nothing', () => {
		const { context, expressions } = called();
		expect(readNodeContext(context)).toBe(stored);
		const [, quoted = ''] =
			/^\{\{ \$node\[([^{}]*)\]\.context \}\}$/.exec(expressions[0] ?? '') ?? [];
		expect(JSON.parse(quoted)).toBe(NAME);
	});

	test('is undefined for a node that has stored nothing', () => {
		const { context } = called({ executionData: { contextData: {} } });
		expect(readNodeContext(context)).toBeUndefined();
	});
});
