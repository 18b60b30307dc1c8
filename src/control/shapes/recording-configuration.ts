import { resourceName, tags } from './common.ts';
import { choice, integer, list, optional, structure, text } from './vocabulary.ts';

const renditions = () => choice(['SD', 'HD', 'FULL_HD', 'LOWEST_RESOLUTION']);

export const recordingConfiguration = structure({
  // The model lets this ARN be empty, unlike every other.
  arn: text({
    minLength: 0,
    maxLength: 128,
    pattern: /^arn:aws:ivs:[a-z0-9-]+:[0-9]+:recording-configuration\/[a-zA-Z0-9-]+$/,
  }),
  name: optional(resourceName()),
  destinationConfiguration: structure({
    s3: optional(
      structure({
        bucketName: text({ minLength: 3, maxLength: 63, pattern: /^[a-z0-9-.]+$/ }),
      }),
    ),
  }),
  state: choice(['CREATING', 'CREATE_FAILED', 'ACTIVE']),
  tags: optional(tags()),
  thumbnailConfiguration: optional(
    structure({
      recordingMode: optional(choice(['DISABLED', 'INTERVAL'])),
      targetIntervalSeconds: optional(integer({ min: 1, max: 60 })),
      resolution: optional(renditions()),
      storage: optional(list(choice(['SEQUENTIAL', 'LATEST']))),
    }),
  ),
  recordingReconnectWindowSeconds: optional(integer({ min: 0, max: 300 })),
  renditionConfiguration: optional(
    structure({
      renditionSelection: optional(choice(['ALL', 'NONE', 'CUSTOM'])),
      renditions: optional(list(renditions())),
    }),
  ),
});
