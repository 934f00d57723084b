import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { ROOT } from './install.mjs';

rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
