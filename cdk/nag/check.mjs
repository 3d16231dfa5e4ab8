// Runs cdk-nag's AwsSolutions and Serverless packs over synthesised templates and
// prints CDK's validation report, which holds what they found. cdk-nag has no Go
// binding for this CDK version, so the templates are included into an app of their own.
//
//   node cdk/nag/check.mjs <out folder> <template>...
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { App, DefaultStackSynthesizer, Stack, Validations } from 'aws-cdk-lib';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';

const [outdir, ...templates] = process.argv.slice(2);
const app = new App({ outdir, analyticsReporting: false });
for (const templateFile of templates) {
  const stack = new Stack(app, basename(templateFile, '.template.json'), {
    synthesizer: new DefaultStackSynthesizer({ generateBootstrapVersionRule: false }), // the template has its own
  });
  new CfnInclude(stack, 'Included', { templateFile });
}
Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
try {
  app.synth();
} catch (refused) {
  // Findings end the synthesis, once they are written down.
  if (refused.name !== 'ValidationFailed') throw refused;
}
console.log(readFileSync(join(outdir, 'validation-report.json'), 'utf8'));
