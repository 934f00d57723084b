import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** n8n keeps its settings in a folder: a new one for each test file, gone afterwards. */
const folder = mkdtempSync(join(tmpdir(), 'kling-node-test-'));
process.env['N8N_USER_FOLDER'] = folder;
process.env['N8N_ENCRYPTION_KEY'] = 'a key for tests';

afterAll(() => rmSync(folder, { recursive: true, force: true }));
