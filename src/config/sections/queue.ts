import { flag, integer, seconds, wholeMilliseconds } from '../kinds.ts';
import { type LaneQuota, laneQuotas } from '../lane-quota.ts';
import { setting } from '../setting.ts';

export const queue = {
  queue_limit: setting<number>({
    flags: ['--queue-limit'],
    kind: integer({ example: 2048 }),
    default: 2048,
    help: 'Most requests that may wait for a worker; 0 is unlimited',
    detail:
      "One more is answered 503 with Retry-After at once. Requests that are known to be slow, those of each rule for lanes, and all others are counted apart, so that none of them can take the others' places. Gunicorn leaves them waiting in the socket's backlog, for as long as it takes.",
  }),
  queue_timeout: setting<number>({
    flags: ['--queue-timeout'],
    kind: seconds,
    default: 30,
    help: 'How long a request may wait for a worker; 0 is forever',
    detail:
      'Past it the client gets 503 with Retry-After, and the application never sees the request. It waits no longer than `timeout`, either.',
  }),
  steal_after: setting<number>({
    flags: ['--steal-after'],
    kind: wholeMilliseconds,
    default: 0.005,
    help: 'After this long a silent worker is asked for what it has not started; 0 is never',
    detail:
      'Requests that are known to be fast are given to a worker in advance. When one of them turns out to be slow, those behind it are handed back and run elsewhere. With 0 they wait behind it.',
  }),
  lane_limit: setting<readonly LaneQuota[]>({
    flags: ['--lane-limit'],
    kind: laneQuotas,
    default: [],
    help: 'Most lanes that run requests for a path at once; repeatable',
    detail:
      "A lane is a thread of a worker: there are workers × threads of them. `--lane-limit '/reports/*=2'` keeps slow reports from taking every worker; `'POST /upload=1'` is about one method only. PATH is compared with the path of the request, decoded and without its query; `*` stands for any characters. The first rule that is for a request counts, limits before reserves, in the order in which they are given.",
  }),
  lane_reserve: setting<readonly LaneQuota[]>({
    flags: ['--lane-reserve'],
    kind: laneQuotas,
    default: [],
    help: 'Lanes kept free for requests for a path; repeatable',
    detail:
      'Written as `lane_limit` is, and may be given for the same requests as well. Other requests wait rather than take the last lanes that are kept free: `--lane-reserve /checkout=1`. All reserves together leave at least one lane to the rest.',
  }),
  request_start_header: setting<boolean>({
    flags: ['--request-start-header'],
    kind: flag,
    default: false,
    help: 'Tell the app when its request arrived: X-Request-Start',
    detail:
      'As `t=` and microseconds since 1970, which is what New Relic, Scout and others subtract from the time at which the application gets the request. A proxy that is trusted (`forwarded_allow_ips`) and sends the header itself is believed; from anybody else it is replaced.',
  }),
};
