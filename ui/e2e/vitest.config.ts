import { defineConfig } from 'vitest/config';

/** The browser tests; with `PICTURES` set, the pictures of every screen instead. */
export default defineConfig({
    test: {
        include: [process.env.PICTURES === undefined ? 'e2e/*.e2e.ts' : 'e2e/pictures.ts'],
        environment: 'node',
        testTimeout: 30_000,
        hookTimeout: 60_000,
        fileParallelism: false,
    },
});
