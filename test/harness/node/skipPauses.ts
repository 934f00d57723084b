import type * as Time from './time';

// In every file of the suite the node's pauses take no time.
jest.mock('n8n-workflow', () => jest.requireActual<typeof Time>('./time').skipPauses());
