// The JSON Schema of kirin.toml, which editors complete and check by. `kirin --schema` prints it.

import type { ValueSchema } from '../setting.ts';
import { OFFERED_SECTIONS, SETTINGS, type SettingName } from '../settings.ts';
import { FRONT_SCHEMAS } from '../sites/read-front.ts';
import { isAppSetting, isTomlSetting, tomlKeyOf } from './setting-table.ts';

interface PropertySchema extends ValueSchema {
  readonly description: string;
}

const OFFERED = OFFERED_SECTIONS.flatMap((section) => section.names).filter(isTomlSetting);

const APPS_SCHEMA = {
  description:
    'Applications by their names, each with settings of its own; what it leaves out is said at the top.',
  type: 'object',
  additionalProperties: {
    type: 'object',
    additionalProperties: false,
    required: ['app'],
    properties: propertiesOf(OFFERED.filter(isAppSetting)),
  },
};

export function jsonSchema(): object {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'kirin.toml',
    type: 'object',
    additionalProperties: false,
    properties: {
      ...propertiesOf(OFFERED),
      apps: APPS_SCHEMA,
      ...FRONT_SCHEMAS,
    },
  };
}

function propertiesOf(names: readonly SettingName[]): Record<string, PropertySchema> {
  return Object.fromEntries(names.map((name) => [tomlKeyOf(name), propertyOf(name)]));
}

function propertyOf(name: SettingName): PropertySchema {
  const { help, detail, kind } = SETTINGS[name];
  const description = detail === undefined ? `${help}.` : `${help}. ${detail}`;
  const many: ValueSchema = { type: ['string', 'array'], items: { type: 'string' } };
  return { description, ...(kind.schema ?? (kind.combine === undefined ? { type: 'string' } : many)) };
}
