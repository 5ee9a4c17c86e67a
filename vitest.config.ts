import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // The default leaves a processor idle, which on small machines is half of them.
    maxWorkers: "100%",
    // The command line is tested as it was built.
    server: { deps: { external: [/\/dist\//] } },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A missing or different golden file fails, here as in CI; `npm test -- FILE --update` accepts it.
    update: "none",
  },
});
