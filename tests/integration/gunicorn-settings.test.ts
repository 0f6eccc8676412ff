import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, describe, it } from 'node:test';
import { GUNICORN_VERSION } from '../../src/cli/program.ts';
import { parseWords } from '../../src/config/command-line.ts';
import { SERVER_HOOK_NAMES } from '../../src/config/server-hooks.ts';
import { SETTINGS, type SettingName } from '../../src/config/settings.ts';
import { AppFolder, answering } from '../support/app-folder.ts';
import { gunicornIsMissing } from '../support/gunicorn.ts';
import { runKirin } from '../support/kirin.ts';
import { testPython } from '../support/project.ts';

// Every setting of Gunicorn's, and what it is here. A release of Gunicorn's with another one fails this test.

const SAME = `config wsgi_app bind backlog workers worker_class worker_connections threads max_requests max_requests_jitter timeout
  graceful_timeout keepalive limit_request_line limit_request_fields limit_request_field_size paste raw_paste_global_conf reload reload_engine reload_extra_files spew check_config
  print_config preload_app chdir daemon enable_stdio_inheritance raw_env pidfile user group initgroups umask secure_scheme_headers forwarded_allow_ips
  accesslog access_log_format errorlog loglevel capture_output proc_name pythonpath proxy_protocol proxy_allow_ips
  forwarder_headers header_map permit_obsolete_folding strip_header_spaces permit_unconventional_http_method
  permit_unconventional_http_version casefold_http_method certfile keyfile ca_certs cert_reqs ciphers syslog
  syslog_addr syslog_prefix syslog_facility disable_redirect_access_to_syslog logconfig logconfig_json logconfig_dict statsd_host
  statsd_prefix dogstatsd_tags enable_backlog_metric
  http_protocols http2_max_concurrent_streams http2_initial_window_size http2_max_frame_size http2_max_header_list_size http2_cleartext`;

const WITHOUT_EFFECT = `sendfile reuse_port worker_tmp_dir tmp_upload_dir default_proc_name http_parser
  uwsgi_allow_ips ssl_version suppress_ragged_eofs do_handshake_on_connect
  asgi_loop asgi_lifespan
  asgi_disconnect_grace_period websocket_max_message_size root_path dirty_timeout dirty_threads dirty_graceful_timeout
  control_socket control_socket_mode control_socket_disable`;

const REFUSED = `protocol logger_class dirty_apps dirty_workers`;

/** Defaults that --print-config shows otherwise, and why. */
const OTHER_DEFAULTS: Readonly<Record<string, string>> = {
  keepalive: 'load balancers keep their connections for 60 seconds or so',
  pythonpath: 'a list here, and a text with commas there',
  secure_scheme_headers: 'JSON here, and a Python dict there',
  control_socket: 'there is none',
  control_socket_mode: 'octal here, and decimal there',
  default_proc_name: 'the application there, whatever is set',
  ssl_version: 'a number of Python’s ssl module there',
  wsgi_app: 'the application here; there it is not a setting when it is an argument',
};

interface GunicornSetting {
  readonly name: string;
  readonly flags: readonly string[];
  readonly takesValue: boolean;
  readonly isHook: boolean;
}

const LIST_SETTINGS = `
import json
from gunicorn.config import KNOWN_SETTINGS
print(json.dumps([{
    'name': s.name, 'flags': s.cli or [], 'takesValue': s.action in (None, 'append'), 'isHook': 'Hooks' in s.section,
} for s in KNOWN_SETTINGS]))
`;

const skip = gunicornIsMissing;

const namesIn = (text: string): string[] => text.split(/\s+/);

describe('of the settings of the newest Gunicorn', { skip }, () => {
  const known: GunicornSetting[] = skip
    ? []
    : JSON.parse(execFileSync(testPython, ['-c', LIST_SETTINGS], { encoding: 'utf8' }));
  const folder = new AppFolder({ 'main.py': answering('one') });
  after(() => folder.remove());

  it('each is one thing here', () => {
    const listed = [SAME, WITHOUT_EFFECT, REFUSED].flatMap(namesIn);
    const settings = known.filter(({ isHook }) => !isHook).map(({ name }) => name);
    assert.deepEqual(listed.sort(), settings.sort());
  });

  it('each is that in the table, too', () => {
    const row = (name: string) => SETTINGS[name as SettingName];
    for (const name of namesIn(SAME)) {
      assert.deepEqual([row(name)?.without, row(name)?.refused], [undefined, undefined], name);
    }
    for (const name of namesIn(WITHOUT_EFFECT)) assert.ok(row(name)?.without, name);
    for (const name of namesIn(REFUSED)) assert.doesNotMatch(row(name)?.refused ?? 'yet', /\byet\b/, name);
  });

  it('each hook is known', () => {
    const hooks = known.filter(({ isHook }) => isHook).map(({ name }) => name);
    assert.deepEqual(hooks.sort(), [...SERVER_HOOK_NAMES].sort());
  });

  it('each flag is read as that setting, with a value where it takes one', () => {
    for (const { name, flags, takesValue } of known) {
      for (const flag of flags) {
        const { given, problems } = parseWords([flag, ...(takesValue ? ['auto'] : []), 'main:app']);
        assert.deepEqual([flag, ...problems], [flag]);
        assert.deepEqual([given[0]?.name, given[0]?.by], [name, flag]);
        if (takesValue) assert.equal(given[0]?.text, 'auto', flag);
      }
    }
  });

  it('the version is the one that a link named gunicorn tells', () => {
    const version = ['-c', 'import gunicorn; print(gunicorn.__version__)'];
    assert.equal(GUNICORN_VERSION, execFileSync(testPython, version, { encoding: 'utf8' }).trim());
  });

  it('each has the same default, but for those that are listed', async () => {
    const env = { ...process.env, GUNICORN_CMD_ARGS: '', PYTHONDONTWRITEBYTECODE: '1' };
    const lines = (text: string) =>
      new Map(
        text
          .trimEnd()
          .split('\n')
          .map((line) => line.split(/ += /, 2) as [string, string]),
      );
    const theirs = lines(
      execFileSync(testPython, ['-m', 'gunicorn', '--print-config', 'main:app'], {
        cwd: folder.path,
        env,
        encoding: 'utf8',
      }),
    );
    const { stdout } = await runKirin({ bind: [], args: ['--print-config', 'main:app'], cwd: folder.path });
    const ours = lines(stdout);
    const settings = known.filter(({ isHook }) => !isHook).map(({ name }) => name);
    const different = settings.filter((name) => theirs.get(name) !== ours.get(name));
    assert.ok(theirs.size > 100);
    assert.deepEqual(different.sort(), Object.keys(OTHER_DEFAULTS).sort());
  });
});
