const [modules, profile] = process.argv.slice(2);
const { STSClient, GetCallerIdentityCommand } = require(`${modules}/@aws-sdk/client-sts`);
const { fromProcess } = require(`${modules}/@aws-sdk/credential-providers`);

// fromProcess is what the default chain uses for credential_process; by itself it shows the helper's error.
process.env.AWS_PROFILE = profile;
const region = "eu-west-1";
const sts = new STSClient({ region, credentials: fromProcess({ profile }) });
sts.send(new GetCallerIdentityCommand({})).then(
  (who) => console.log(who.Arn),
  (err) => { console.error(err.message); process.exit(1); },
);
