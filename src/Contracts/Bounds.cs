namespace Quota.Contracts;

/// <summary>
/// Every bound of the service in one place, each with its reason. Bounds on the wire are also named in the .proto files.
/// (Called <c>Bounds</c> because a limit is something else here.)
/// </summary>
public static class Bounds
{
    // The request.

    /// <summary>Namespace and plan names: people write them, and every journal record repeats the namespace.</summary>
    public const int NameBytesMax = 64;

    /// <summary>Key: long enough for any API key id, tenant path or hashed token.</summary>
    public const int KeyBytesMax = 256;

    /// <summary>Request id: a UUID, a trace id, or two of them.</summary>
    public const int RequestIdBytesMax = 128;

    /// <summary>Attributes of one request.</summary>
    public const int AttributesMax = 32;

    /// <summary>Attribute name.</summary>
    public const int AttributeNameBytesMax = 64;

    /// <summary>Attribute value: a route template, an address, a model's name; not a whole URL.</summary>
    public const int AttributeValueBytesMax = 256;

    /// <summary>Units of one request. With <see cref="AmountMax"/> it keeps every sum far from 64 bits.</summary>
    public const long CostMax = 1_000_000_000_000;

    /// <summary>Checks in one batch: a few hundred microseconds of work, so that one caller cannot hold a thread for long.</summary>
    public const int BatchChecksMax = 1_000;

    /// <summary>One gRPC message or JSON body: a full batch of ordinary checks fits twenty times over.</summary>
    public const int MessageBytesMax = 4 * 1024 * 1024;

    // The configuration.

    /// <summary>Units a limit may admit per period.</summary>
    public const long AmountMax = 1_000_000_000_000_000;

    /// <summary>Limits of one plan: a check evaluates all of them, and one 32-bit mask says which of them counted.</summary>
    public const int LimitsPerPlanMax = 32;

    /// <summary>Attributes a limit may count per value of.</summary>
    public const int PerAttributesMax = 4;

    /// <summary>Conditions on attributes of one limit, and values of one condition.</summary>
    public const int MatchConditionsMax = 16;

    /// <summary>Shortest period of a rate. Below it the network's jitter is larger than the window.</summary>
    public const long PeriodNsMin = 100_000_000;

    /// <summary>Longest period of a rate: 366 days.</summary>
    public const long PeriodNsMax = 366L * 24 * 3600 * 1_000_000_000;

    /// <summary>Buckets of a sliding window; each costs eight bytes in every grain.</summary>
    public const int BucketsMin = 1;

    /// <inheritdoc cref="BucketsMin"/>
    public const int BucketsMax = 60;

    /// <summary>Buckets of a sliding window unless configured: an error of at most a tenth of the period, on the safe side.</summary>
    public const int BucketsDefault = 10;

    /// <summary>The configuration file. Larger sets of keys belong into the store.</summary>
    public const int ConfigBytesMax = 64 * 1024 * 1024;

    /// <summary>Depth of nesting in the configuration file; the deepest field that means something is at 8.</summary>
    public const int ConfigDepthMax = 16;

    /// <summary>Values that YAML aliases may add to a configuration file: shared limits yes, a small file that unfolds to billions no.</summary>
    public const int ConfigAliasedValuesMax = 100_000;

    /// <summary>Errors reported of one configuration file: more than one screen helps nobody.</summary>
    public const int ConfigErrorsMax = 50;

    /// <summary>Time zone names: the longest IANA name has 32 bytes, and counter layouts keep the length in one byte.</summary>
    public const int ZoneBytesMax = 255;

    /// <summary>A listen address or a path in the configuration: what Linux takes as a path.</summary>
    public const int SettingBytesMax = 4_096;

    /// <summary>Smallest journal segment: below it, a busy silo changes segments many times a second.</summary>
    public const long JournalSegmentBytesMin = 1024 * 1024;

    /// <summary>Largest journal segment; a segment is preallocated and replayed as a whole.</summary>
    public const long JournalSegmentBytesMax = 1024L * 1024 * 1024;

    /// <summary>Journal segments are whole memory pages.</summary>
    public const long JournalSegmentBytesMultiple = 4_096;

    /// <summary>Segments the journal must have room for: one is written while another waits for its checkpoint.</summary>
    public const int JournalSegmentsMin = 2;

    /// <summary>Largest journal: what a start would replay for many minutes.</summary>
    public const long JournalBytesMax = 1024L * 1024 * 1024 * 1024;

    /// <summary>Shortest interval between checkpoints: more often would cost more than it saves at the next start.</summary>
    public const long CheckpointIntervalMsMin = 100;

    /// <summary>Longest interval between checkpoints: a start replays everything since the last one.</summary>
    public const long CheckpointIntervalMsMax = 3_600_000;

    /// <summary>Fewest resident blocks: one check can touch one per limit, and a batch many.</summary>
    public const int ResidentBlocksMin = 1_000;

    /// <summary>Most resident blocks: the table's indexes are 32-bit.</summary>
    public const int ResidentBlocksMax = 1_000_000_000;

    /// <summary>Most calls in flight that may be configured; more wait in the kernel just as well.</summary>
    public const int InFlightMax = 1_000_000;

    /// <summary>Most connections that may be configured: the most file descriptors Linux gives a process unless tuned.</summary>
    public const int ConnectionsMax = 1_048_576;

    /// <summary>Longest drain: supervisors kill a stopping process long before.</summary>
    public const long DrainTimeoutMsMax = 600_000;

    // The catalog's watch.

    /// <summary>How often the configuration file is looked at, should its directory's events be lost: a change is in force within a second.</summary>
    public const int ConfigPollMs = 500;

    /// <summary>How long a changed configuration file must stay as it is before it is read: editors write in several steps.</summary>
    public const int ConfigSettleMs = 50;

    /// <summary>How often a file that keeps changing is waited for before it is read as it is.</summary>
    public const int ConfigSettleRoundsMax = 8;

    // The replay of access logs.

    /// <summary>One line of an access log: nginx and Apache take request lines and headers of 8 KiB each at most.</summary>
    public const int LogLineBytesMax = 32 * 1024;

    /// <summary>Keys and attribute values a replay keeps in memory, about 300 bytes each.</summary>
    public const int ReplayKeysMax = 10_000_000;

    /// <summary>Lines a replay holds in memory to sort them: days of a busy site, and half the memory of a small machine.</summary>
    public const long ReplaySortBytesMax = 1024L * 1024 * 1024;

    /// <summary>Malformed lines and refusals a replay can be asked to list: a page, or a spreadsheet.</summary>
    public const int ReplayListMax = 100_000;

    /// <summary>Lines of a sample log.</summary>
    public const int SampleLinesMax = 10_000_000;

    // Storage.

    /// <summary>A grain's id: its kind, namespace, key and, for a counter per attribute value, the limit and the values.</summary>
    public const int GrainIdBytesMax = 2 + NameBytesMax + 2 + KeyBytesMax + 1 + NameBytesMax + (PerAttributesMax * (2 + AttributeValueBytesMax));

    /// <summary>A grain's state: 32 limits of 61 buckets and a head.</summary>
    public const int GrainStateBytesMax = LimitsPerPlanMax * (BucketsMax + 2) * 8;
}
