// Biome formats and lints. ESLint adds only what needs type information or a syntax query: rules about
// promises, and the spellings of an import that Biome's import rules (biome.json) cannot see.

import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

const unplainImports = [
  {
    selector: "TSImportType",
    message: "Write `import type … from` at the top: import rules do not see `import(…)` types.",
  },
  {
    selector:
      ":matches(ImportDeclaration, ExportNamedDeclaration, ExportAllDeclaration, ImportExpression)[source.value=/[^.\\/]\\/+\\.\\./]",
    message: "Leave out the detour: `..` stands only at the start of a path.",
  },
];

export default defineConfig(
  { ignores: ["**", "!src/**", "!arch/**", "!test/**", "!bench/**"] },
  { ignores: ["test/data/**", "test/golden/**"] },
  {
    files: ["**/*.ts"],
    linterOptions: { reportUnusedDisableDirectives: "error" },
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    plugins: { "@typescript-eslint": tseslint.plugin },
    rules: {
      "@typescript-eslint/await-thenable": "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/return-await": ["error", "in-try-catch"],
      "no-restricted-syntax": ["error", ...unplainImports],
    },
  },
);
