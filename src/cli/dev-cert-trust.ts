import type { LocalAuthority } from '../tls/local-authority.ts';

/** How clients come to trust what the authority signs. */
export function trustText({ path, isNew }: LocalAuthority, host: string, platform: NodeJS.Platform): string {
  const file = /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path}'`;
  const address = host.includes(':') ? `[${host}]` : host.replace(/^\*\./, 'www.');
  const rows = [
    ['curl', `curl --cacert ${file} https://${address}:8000/`],
    ['Python', `SSL_CERT_FILE=${file}; for requests REQUESTS_CA_BUNDLE`],
    ['Node', `NODE_EXTRA_CA_CERTS=${file}`],
    ['Firefox', 'Settings, Privacy & Security, View Certificates, Authorities, Import'],
    ...(platform === 'darwin' ? MACOS : LINUX).map(([who, how]) => [who, how.replace('FILE', file)]),
  ];
  const said = isNew ? 'The authority that has signed it is new: clients refuse it' : 'Clients refuse it';
  const lines = rows.map(([who = '', how]) => `    ${who.padEnd(8)}  ${how}\n`).join('');
  return `${said} until they trust this file of yours:

    ${path}

${lines}
Keep ${path.replace(/\.pem$/, '.key')} to yourself: who has it can be every site to those who trust it.
`;
}

const LINUX = [
  ['Chromium', 'certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n kirin -i FILE'],
  ['Debian', 'sudo cp FILE /usr/local/share/ca-certificates/kirin.crt && sudo update-ca-certificates'],
  ['Fedora', 'sudo cp FILE /etc/pki/ca-trust/source/anchors/kirin.pem && sudo update-ca-trust'],
] as const;

const MACOS = [
  ['macOS', 'sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain FILE'],
] as const;
