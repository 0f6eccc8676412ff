// The JSON Schema of kirin.toml, which editors complete and check by. `kirin --schema` prints it.

import type { ValueSchema } from '../setting.ts';
import { OFFERED_SECTIONS, SETTINGS, type SettingName } from '../settings.ts';
import { FRONT_SCHEMAS } from '../sites/read-front.ts';
import { isTomlSetting, tomlKeyOf } from './toml-settings.ts';

interface PropertySchema extends ValueSchema {
  readonly description: string;
}

export function jsonSchema(): object {
  const names = OFFERED_SECTIONS.flatMap((section) => section.names).filter(isTomlSetting);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'kirin.toml',
    type: 'object',
    additionalProperties: false,
    properties: {
      ...Object.fromEntries(names.map((name) => [tomlKeyOf(name), propertyOf(name)])),
      ...FRONT_SCHEMAS,
    },
  };
}

function propertyOf(name: SettingName): PropertySchema {
  const { help, detail, kind } = SETTINGS[name];
  const description = detail === undefined ? `${help}.` : `${help}. ${detail}`;
  const many: ValueSchema = { type: ['string', 'array'], items: { type: 'string' } };
  return { description, ...(kind.schema ?? (kind.combine === undefined ? { type: 'string' } : many)) };
}
