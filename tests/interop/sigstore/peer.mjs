// node peer.mjs DIR: asks sigstore-js, installed in DIR/node_modules, to sign or to verify what standard input says.
//
//   {"sign": FILE, "bundle": FILE, "statement": BOOL, "token": .., "fulcio": URL, "rekor": URL, "version": 1|2,
//    "tsa": URL}
//   {"verify": FILE, "bundle": FILE, "root": FILE, "key": PEM, "identity": .., "issuer": .., "log": BOOL, "sct": BOOL,
//    "time": BOOL}
//
// Its own command line knows the public instance alone. Status 1 and a line on standard error for a no.
import { createRequire } from 'node:module';
import { readFileSync, writeFileSync } from 'node:fs';
import { createPublicKey } from 'node:crypto';

const require = createRequire(`${process.argv[2]}/`);
const { bundleFromJSON, bundleToJSON } = require('@sigstore/bundle');
const { TrustedRoot } = require('@sigstore/protobuf-specs');
const signing = require('@sigstore/sign');
const verifying = require('@sigstore/verify');

async function sign(asked) {
  const signer = new signing.FulcioSigner({
    fulcioBaseURL: asked.fulcio,
    identityProvider: { getToken: async () => asked.token },
  });
  const witnesses = [];
  if (asked.rekor) {
    // It makes `intoto` entries unless it is asked for the kind that others write.
    const entryType = asked.version === 1 ? 'dsse' : undefined;
    witnesses.push(new signing.RekorWitness({ rekorBaseURL: asked.rekor, majorApiVersion: asked.version, entryType }));
  }
  if (asked.tsa) witnesses.push(new signing.TSAWitness({ tsaBaseURL: asked.tsa }));
  const data = readFileSync(asked.sign);
  const builder = asked.statement
    ? new signing.DSSEBundleBuilder({ signer, witnesses })
    : new signing.MessageSignatureBundleBuilder({ signer, witnesses });
  const bundle = await builder.create({ data, type: asked.statement ? 'application/vnd.in-toto+json' : undefined });
  writeFileSync(asked.bundle, JSON.stringify(bundleToJSON(bundle)));
}

function verify(asked) {
  const bundle = bundleFromJSON(JSON.parse(readFileSync(asked.bundle, 'utf8')));
  const root = TrustedRoot.fromJSON(JSON.parse(readFileSync(asked.root, 'utf8')));
  const key = () => ({
    publicKey: createPublicKey(readFileSync(asked.key)),
    validFor: () => true,
  });
  const material = verifying.toTrustMaterial(root, asked.key ? key : undefined);
  const verifier = new verifying.Verifier(material, {
    tlogThreshold: asked.log ? 1 : 0,
    ctlogThreshold: asked.sct ? 1 : 0,
    timestampThreshold: asked.time ? 1 : 0,
  });
  const policy = {};
  // An identity is a regular expression to it.
  if (asked.identity) policy.subjectAlternativeName = `^${asked.identity.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`;
  if (asked.issuer) policy.extensions = { issuer: asked.issuer };
  const artifact = bundle.content.$case === 'messageSignature' ? readFileSync(asked.verify) : undefined;
  verifier.verify(verifying.toSignedEntity(bundle, artifact), policy);
}

const asked = JSON.parse(readFileSync(0, 'utf8'));
try {
  await (asked.sign ? sign(asked) : verify(asked));
} catch (error) {
  const cause = error.cause ? ` (${error.cause.message ?? error.cause})` : '';
  console.error(`${error.name} ${error.code ?? ''}: ${error.message}${cause}`);
  process.exitCode = 1;
}
