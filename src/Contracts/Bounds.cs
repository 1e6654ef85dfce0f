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

    /// <summary>Units a check may name besides requests, and a plan may meter: the kinds of tokens a model has, and bytes.</summary>
    public const int UnitsMax = 8;

    /// <summary>Name of a unit: as other names that people write.</summary>
    public const int UnitBytesMax = 64;

    // Request ids, reservations, usage.

    /// <summary>How long a request id is remembered unless configured: longer than clients go on retrying.</summary>
    public const long RequestIdWindowNsDefault = 600L * 1_000_000_000;

    /// <summary>Shortest and longest window of request ids that may be configured.</summary>
    public const long RequestIdWindowNsMin = 1_000_000_000;

    /// <inheritdoc cref="RequestIdWindowNsMin"/>
    public const long RequestIdWindowNsMax = 24L * 3600 * 1_000_000_000;

    /// <summary>Request ids remembered per key unless configured: 166 a second for ten minutes, about 30 MB.</summary>
    public const int RequestIdsPerKeyDefault = 100_000;

    /// <summary>Most request ids, or open reservations, per key that may be configured.</summary>
    public const int RecordsPerKeyMax = 1_000_000;

    /// <summary>Open reservations per key unless configured: calls of one customer that are under way.</summary>
    public const int ReservationsPerKeyDefault = 10_000;

    /// <summary>
    /// Parts of a window by which a shared store counts request ids: one is counted for at most a 32nd of the window longer than it is
    /// remembered, 19 s of ten minutes.
    /// </summary>
    public const int TallyPartsPerWindow = 32;

    /// <summary>Parts that the count of a key may have at once: those of one window, the one that is ending, and a few of a window that was changed.</summary>
    public const int TallyEntriesMax = 40;

    /// <summary>Shortest time to live of a reservation: below it, the network's jitter decides.</summary>
    public const long ReservationTtlMsMin = 100;

    /// <summary>Longest time to live of a reservation: a day; a longer job extends it.</summary>
    public const long ReservationTtlMsMax = 86_400_000;

    /// <summary>Time to live of a reservation that names none.</summary>
    public const long ReservationTtlMsDefault = 60_000;

    /// <summary>Levels of a check: the key, three parents above it, and the namespace.</summary>
    public const int LevelsMax = 5;

    /// <summary>A closed month is sealed after this unless configured: two days for what arrives late.</summary>
    public const long SealGraceMsDefault = 48L * 3600 * 1000;

    /// <summary>Longest grace: a month is sealed before the next one ends.</summary>
    public const long SealGraceMsMax = 744L * 3600 * 1000;

    /// <summary>Months that usage is kept after its month was sealed, unless configured: two years and the running month.</summary>
    public const int RetentionMonthsDefault = 25;

    /// <summary>Longest retention: a century.</summary>
    public const int RetentionMonthsMax = 1_200;

    /// <summary>Adjustments of one key and month: corrections are made by people. <see cref="MonthAdjustmentBytesMax"/> may allow fewer.</summary>
    public const int AdjustmentsPerMonthMax = 128;

    /// <summary>Reason of an adjustment or refund.</summary>
    public const int ReasonBytesMax = 256;

    /// <summary>Id of an adjustment, and its author: a UUID or a ticket; a person's or a program's name.</summary>
    public const int AdjustmentIdBytesMax = 128;

    /// <summary>
    /// A month record: below 64 KiB, so that it fits a journal record twice over with the key's block. The bounds below add up to
    /// less (test: the largest month there can be).
    /// </summary>
    public const int MonthBytesMax = 60 * 1024;

    /// <summary>Units of one key and month with rows of their own: four plans after each other that have none in common.</summary>
    public const int MonthUnitsMax = 4 * UnitsMax;

    /// <summary>Limits of one key and month with rows of their own: four plans of the largest size after each other.</summary>
    public const int MonthLimitsMax = 4 * LimitsPerPlanMax;

    /// <summary>Rows of a month's series, one per day and unit: 31 days of 32 units, or the 62 days of a month whose anchor was moved with 16.</summary>
    public const int MonthDayRowsMax = 1_024;

    /// <summary>All adjustments of a month together: about a hundred with a sentence each, 27 of the longest.</summary>
    public const int MonthAdjustmentBytesMax = 16 * 1024;

    /// <summary>Of these, kept free for the service's own: refunds and settlements that come after the month was sealed, one row per unit and cause.</summary>
    public const int MonthOwnAdjustmentBytes = 4 * 1024;

    /// <summary>Rows of usage read from the store at once; of the largest records 15 MB.</summary>
    public const int UsageScanPageRows = 256;

    /// <summary>Rows looked at for one page of usage, counted or not: some tens of milliseconds. A page may therefore be short, or empty, and more follow.</summary>
    public const int UsageScanRowsMax = 20_000;

    /// <summary>Keys that one scan of usage in a shared store reads by steps of their own at once: a fair part of the store's connections.</summary>
    public const int UsageKeyReadsAtOnce = 8;

    /// <summary>Lists, streams and counts of usage at once: each keeps a core busy and reads the store as fast as it can.</summary>
    public const int UsageScansMax = 8;

    /// <summary>A stream of usage whose caller takes nothing for this long is aborted; it can go on after the last key it got.</summary>
    public const int UsageFlushTimeoutMs = 60_000;

    /// <summary>Rows of a stream of usage that are sent together.</summary>
    public const int UsageFlushRows = 256;

    /// <summary>How often months are looked through for ones to seal. By the rule of time a month is sealed without it; this makes it so in the records.</summary>
    public const int SealIntervalMs = 3_600_000;

    /// <summary>Months before the running one that may still be unsealed: the longest grace, and calendars that lag behind by a month.</summary>
    public const int SealMonthsBack = 3;

    /// <summary>Days of one question for usage: a year, and the month before it.</summary>
    public const int UsageDaysMax = 400;

    /// <summary>Labels that usage may be filtered by.</summary>
    public const int UsageLabelsMax = 16;

    // Threshold events and webhooks.

    /// <summary>Thresholds of one quota: a few warnings on the way to full, and some beyond for shadow limits.</summary>
    public const int ThresholdsMax = 8;

    /// <summary>Highest threshold, in percent of the amount: shadow limits and over-runs go beyond it.</summary>
    public const int ThresholdPercentMax = 1_000;

    /// <summary>A webhook's URL: what browsers and proxies agree on.</summary>
    public const int WebhookUrlBytesMax = 2_048;

    /// <summary>Key of a webhook's signature: 128 bits at least.</summary>
    public const int WebhookSecretBytesMin = 16;

    /// <summary>Key of a webhook's signature, as it is written; a longer one adds nothing to HMAC-SHA256.</summary>
    public const int WebhookSecretBytesMax = 256;

    /// <summary>Events that wait for delivery in one silo: about 60 MB of ids and records.</summary>
    public const int EventsPendingMax = 200_000;

    /// <summary>Of these, those of one namespace: half, so that a target that is down leaves room for the others.</summary>
    public const int EventsPendingPerNamespaceMax = EventsPendingMax / 2;

    /// <summary>Deliveries under way in one silo; one per namespace. A target that hangs holds one of them for a request's time.</summary>
    public const int EventsInFlightMax = 32;

    /// <summary>Time to connect to a webhook.</summary>
    public const int WebhookConnectMs = 5_000;

    /// <summary>Time for a whole request to a webhook: the low end of what the Standard Webhooks specification recommends.</summary>
    public const int WebhookTimeoutMs = 15_000;

    /// <summary>Bytes of an answer's body that are read to keep the connection; a longer answer costs its connection.</summary>
    public const int WebhookResponseBytesMax = 16 * 1024;

    /// <summary>KiB of an answer's headers.</summary>
    public const int WebhookResponseHeaderKibMax = 16;

    /// <summary>A connection to a webhook is closed after this, so that a change of its address in the DNS is noticed.</summary>
    public const int WebhookConnectionLifetimeMs = 5 * 60 * 1000;

    /// <summary>Longest first wait between attempts to deliver an event; each further one is twice as long.</summary>
    public const int EventRetryMsMin = 2_000;

    /// <summary>Longest wait between attempts, also when the target asks for more: an event is not late by more than this after a repair.</summary>
    public const int EventRetryMsMax = 3_600_000;

    /// <summary>After a failure the namespace's other events wait as well, longer with each failure, at most this: a target that is down is not asked for each of them.</summary>
    public const int EventPauseMsMax = 60_000;

    /// <summary>Attempts to deliver one event: with the waits between them about three days.</summary>
    public const int EventAttemptsMax = 107;

    /// <summary>An event that could not be delivered at this age is given up: three days, a long week-end.</summary>
    public const long EventAgeMsMax = 3L * 24 * 3600 * 1000;

    /// <summary>
    /// A record of an event must outlive its attempts: five days. That is the age at which it is given up, and two days for what
    /// waits behind others.
    /// </summary>
    public const long EventKeptMsMin = 5L * 24 * 3600 * 1000;

    /// <summary>Deliveries under way when the silo stops get this long to end.</summary>
    public const int EventDrainMs = 2_000;

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

    /// <summary>Largest journal segment: an offset fits 31 bits, and a release frees space in useful steps.</summary>
    public const long JournalSegmentBytesMax = 1024L * 1024 * 1024;

    /// <summary>Journal segments are whole memory pages.</summary>
    public const long JournalSegmentBytesMultiple = 4_096;

    /// <summary>Fewest segments the bound on the whole journal must allow: one written, one prepared, one waiting for the checkpoint.</summary>
    public const int JournalSegmentsMin = 3;

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

    // Many silos.

    /// <summary>Name of a silo: a host name's label or two, and its port.</summary>
    public const int SiloNameBytesMax = 64;

    /// <summary>Address a silo tells others: the longest DNS name and a port.</summary>
    public const int AdvertiseBytesMax = 253 + 6;

    /// <summary>Fewest partitions: below it, silos of a small cluster could not have nearly equal shares.</summary>
    public const int PartitionsMin = 16;

    /// <summary>Most partitions: each costs its owner a few hundred bytes and a look per tick.</summary>
    public const int PartitionsMax = 65_536;

    /// <summary>Partitions unless configured: shares of 32 silos differ by a few percent.</summary>
    public const int PartitionsDefault = 1_024;

    /// <summary>Shortest and longest time that one call to a shared store may take, retries included: below it a busy store only fails, above it callers have long gone.</summary>
    public const long StoreTimeoutMsMin = 100;

    /// <inheritdoc cref="StoreTimeoutMsMin"/>
    public const long StoreTimeoutMsMax = 30_000;

    /// <summary>Time of one call to a shared store unless configured: a replica's fail-over within the store is waited for.</summary>
    public const long StoreTimeoutMsDefault = 2_000;

    /// <summary>Longest time that a start may be told to wait for its shared store: whoever waits longer for a silo has given it up.</summary>
    public const long StoreStartTimeoutMsMax = 600_000;

    /// <summary>Time that a start waits for its shared store unless configured: a database that starts beside it, or fails over, is there by then.</summary>
    public const long StoreStartTimeoutMsDefault = 60_000;

    /// <summary>Pause before a start asks its shared store again.</summary>
    public const int StoreStartPauseMs = 500;

    /// <summary>Connections to a shared store that may be configured; databases have hundreds.</summary>
    public const int StoreConnectionsMax = 1_000;

    /// <summary>Provisioned read or write units of a table that may be configured: above what AWS gives an account without asking.</summary>
    public const int DynamoUnitsMax = 1_000_000;

    /// <summary>Shortest lease: below it renewals cost more than deciding in the store.</summary>
    public const long LeaseDurationMsMin = 50;

    /// <summary>Longest lease: what a silo that died holds back is missed for this long.</summary>
    public const long LeaseDurationMsMax = 60_000;

    /// <summary>A lease unless configured.</summary>
    public const long LeaseDurationMsDefault = 2_000;

    /// <summary>A lease counts as lost this long after its end, at the earliest: twice what clocks may differ (<see cref="ClockSkewMaxMs"/>), in which a restart fits.</summary>
    public const long LeaseLostAfterMsMin = 10_000;

    /// <summary>A lease counts as lost this long after its end, at the latest: within the longest month, so that bills are final.</summary>
    public const long LeaseLostAfterMsMax = 31L * 24 * 3600 * 1000;

    /// <summary>A lease counts as lost this long after its end unless configured: a machine is replaced in ten minutes.</summary>
    public const long LeaseLostAfterMsDefault = 600_000;

    /// <summary>How long an erasure waits for other silos to settle their leases on the key: twice as long as leases last by default, and a look.</summary>
    public const int EraseLeasesWaitMs = 5_000;

    /// <summary>One record of the change log of definitions: an item of DynamoDB has at most 400 KB, and a rewritten one may grow.</summary>
    public const int ChangeRecordBytesMax = 300 * 1024;

    /// <summary>Records of the change log appended by one transaction: DynamoDB's takes 4 MB.</summary>
    public const int ChangeRecordsPerCommit = 8;

    /// <summary>Records of the change log read at once by a silo that is behind.</summary>
    public const int ChangeReadAhead = 16;

    /// <summary>Records of the change log after which a silo that is behind puts what it has read into its replica, in one transaction.</summary>
    public const int ChangeRecordsPerRead = 256;

    /// <summary>How often a silo looks for changes of definitions made through others: they are in force everywhere within half a second.</summary>
    public const int ChangeFollowMs = 250;

    /// <summary>A change that others overtake this often is given up: each time another one was made, so somebody gets on.</summary>
    public const int ChangeAttemptsMax = 32;

    /// <summary>How often a silo says in the shared store that it lives, and looks for the others.</summary>
    public const int SiloBeatMs = 1_000;

    /// <summary>A silo is late when its last sign of life is older: two were missed.</summary>
    public const int SiloLateMs = 2_500;

    /// <summary>A silo is gone when its last sign of life is older.</summary>
    public const int SiloGoneMs = 5_000;

    /// <summary>How long a start watches whether the others' signs of life go on: one must come, also through a slow store.</summary>
    public const int SiloWatchMs = 1_500;

    /// <summary>Names of silos that a cluster remembers; each is read at every beat.</summary>
    public const int SilosMax = 256;

    /// <summary>A silo that has been gone or stopped for this long is forgotten when another starts: longer than a night.</summary>
    public const long SiloForgetMs = 24L * 3600 * 1000;

    /// <summary>Clocks of silos may differ by this. It is what a period's change, and so a refusal, may be early by on the slower one.</summary>
    public const long ClockSkewMaxMs = 5_000;

    /// <summary>Signs of life of one silo by which its clock is judged: the freshest of ten is a few milliseconds old.</summary>
    public const int ClockSamples = 10;

    /// <summary>A clock that runs ahead of the machine's is slowed by this many ms per second until it agrees: nobody notices a thousandth.</summary>
    public const long ClockSlewMsPerBeat = 1;

    /// <summary>Leases shown at once, the largest ones: more than a screen helps nobody.</summary>
    public const int LeasesShownMax = 1_000;

    /// <summary>Leases shown unless asked for otherwise.</summary>
    public const int LeasesShownDefault = 20;

    /// <summary>Highest revision of the <c>namespaces</c> of a file: a date and a number of the day, or seconds since 1970.</summary>
    public const long FileRevisionMax = 1_000_000_000_000_000;

    // Definitions and their administration.

    /// <summary>Labels of one key: names of its customer, region, contract; not a document.</summary>
    public const int LabelsMax = 16;

    /// <summary>Label name.</summary>
    public const int LabelNameBytesMax = 64;

    /// <summary>Label value.</summary>
    public const int LabelValueBytesMax = 256;

    /// <summary>Note on a key: a paragraph.</summary>
    public const int NoteBytesMax = 1_024;

    /// <summary>The caller's name for the audit trail.</summary>
    public const int ActorBytesMax = 128;

    /// <summary>Objects on one page of a list.</summary>
    public const int PageSizeMax = 1_000;

    /// <summary>Objects on one page unless asked for otherwise.</summary>
    public const int PageSizeDefault = 100;

    /// <summary>Objects looked at for one page of a filtered list: a tenth of a second; the next page goes on from there.</summary>
    public const int PageExaminedMax = 50_000;

    /// <summary>A page ends after this many bytes, so that it stays below <see cref="MessageBytesMax"/> with one more object on it.</summary>
    public const int PageBytesMax = 1024 * 1024;

    /// <summary>Definition that is stored: the largest plan, every string at its bound, takes less.</summary>
    public const int DefinitionBytesMax = 3 * 1024 * 1024;

    /// <summary>Definitions in one message of an import.</summary>
    public const int ImportDefinitionsPerMessageMax = 1_000;

    /// <summary>Definitions of one import, as stored, which are held in memory until all are checked: several million keys.</summary>
    public const long ImportBytesMax = 512L * 1024 * 1024;

    /// <summary>Refused lines that an import lists one by one.</summary>
    public const int ImportRefusalsListedMax = 1_000;

    /// <summary>Keys of an import or of the file that are written by one transaction: a few milliseconds.</summary>
    public const int ChangesPerTransaction = 1_000;

    /// <summary>How often an import reports its progress.</summary>
    public const int ImportProgressMs = 1_000;

    // The catalog's watch.

    /// <summary>How often the configuration file is looked at, should its directory's events be lost: a change is in force within a second.</summary>
    public const int ConfigPollMs = 500;

    /// <summary>How long a changed configuration file must stay as it is before it is read: editors write in several steps.</summary>
    public const int ConfigSettleMs = 50;

    /// <summary>How often a file that keeps changing is waited for before it is read as it is.</summary>
    public const int ConfigSettleRoundsMax = 8;

    // The import of other services' configurations.

    /// <summary>YAML documents of one imported file: one per team of a large company.</summary>
    public const int ImportDocumentsMax = 1_000;

    /// <summary>Notes and errors listed of one import: one per key of a large account.</summary>
    public const int ImportRemarksMax = 100_000;

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

    // Checks that one silo hands to another.

    /// <summary>Checks of one batch to another silo: as many as of a caller's batch.</summary>
    public const int ForwardBatchChecksMax = BatchChecksMax;

    /// <summary>Bytes of one batch to another silo: a full batch of ordinary checks fits eight times over.</summary>
    public const int ForwardBatchBytesMax = 1024 * 1024;

    /// <summary>Batches under way to one silo: enough that one that waits for the store does not hold up those that need not.</summary>
    public const int ForwardCallsPerOwnerMax = 4;

    /// <summary>Checks of other silos that one silo works on at once: a full lane from each of sixteen silos.</summary>
    public const int ForwardedDecisionsMax = 16 * ForwardCallsPerOwnerMax * ForwardBatchChecksMax;

    /// <summary>
    /// Checks on one key, in one to two seconds, after which a silo stops handing them to the key's owner and takes a lease of its own: a
    /// lease costs two commits in its time, and hundreds of checks that are handed on cost more.
    /// </summary>
    public const int ForwardChecksMax = 500;

    /// <summary>Shortest time a silo waits for another one that may be configured: below it, the network's jitter decides.</summary>
    public const int ForwardTimeoutMsMin = 10;

    /// <summary>Longest: that of the store, and the way to the owner.</summary>
    public const int ForwardTimeoutMsMax = 40_000;

    /// <summary>What the way to another silo takes at most, beside the store's time.</summary>
    public const int ForwardMarginMs = 500;

    /// <summary>Most often that a silo may be asked whether it is there: below it, a collection of garbage looks like death.</summary>
    public const int ProbeIntervalMsMin = 200;

    /// <summary>Least often: until a death is noticed, as many intervals pass as probes may be missed.</summary>
    public const int ProbeIntervalMsMax = 60_000;

    /// <summary>How often a silo that did not answer is asked whether it does again.</summary>
    public const int ForwardProbeIntervalMs = 250;

    // Storage.

    /// <summary>A grain's id: its kind, namespace, key and, for a counter per attribute value, the limit and the values.</summary>
    public const int GrainIdBytesMax = 2 + NameBytesMax + 2 + KeyBytesMax + 1 + NameBytesMax + (PerAttributesMax * (1 + AttributeNameBytesMax + 2 + AttributeValueBytesMax));

    /// <summary>Counters of one block: those of the plan, and those that are carried along from other plans of the key.</summary>
    public const int CountersPerBlockMax = 64;

    /// <summary>A record of a key (a month, a request id, a reservation): the largest is a reservation on many limits per attribute value.</summary>
    public const int RecordBytesMax = 64 * 1024;

    /// <summary>A block's state: counters of 61 buckets and a head with the usage section behind them, or a record.</summary>
    public const int GrainStateBytesMax = RecordBytesMax;

    // Shared stores.

    /// <summary>Buckets the blocks of one kind are spread over in DynamoDB: 64,000 writes a second per kind at 1,000 a partition.</summary>
    public const int DynamoBuckets = 64;

    /// <summary>Queries and writes that one call has under way at DynamoDB: a fair part of the connections, and a scan of all buckets in 8 turns.</summary>
    public const int DynamoParallelism = 8;

    /// <summary>Connections to DynamoDB: at 5 ms a call, 25,600 calls a second.</summary>
    public const int DynamoConnectionsMax = 128;

    /// <summary>DynamoDB's own bound of one item, attribute names included.</summary>
    public const int DynamoItemBytesMax = 400 * 1024;

    /// <summary>DynamoDB's own bound of one transaction.</summary>
    public const int DynamoTransactionBytesMax = 4 * 1024 * 1024;

    /// <summary>How long a table may take to be created: seconds in practice; provisioned ones longer.</summary>
    public const int DynamoCreateMsMax = 120_000;

    /// <summary>First and longest pause before a shared store is asked again; the pause is drawn between 0 and the bound, which doubles.</summary>
    public const int StoreRetryMsFirst = 8;

    /// <inheritdoc cref="StoreRetryMsFirst"/>
    public const int StoreRetryMsMax = 400;

    /// <summary>One attempt gets this part of a call's time, so that a lost answer leaves time to ask again.</summary>
    public const int StoreAttemptsPerCall = 3;

    /// <summary>
    /// One journal record: a check on five levels whose plans have a dozen limits each, all of them per attribute value, with every
    /// block's image. Two fit the smallest segment. A step that would need a larger one is refused.
    /// </summary>
    public const int JournalRecordBytesMax = 480 * 1024;

    /// <summary>One journal frame, header included: what is read at once when the journal is replayed, and lost at once when it tears.</summary>
    public const int JournalFrameBytesMax = 1024 * 1024;

    /// <summary>Records in memory that are not written yet: a stall of the disk of about a tenth of a second at a million decisions a second.</summary>
    public const int JournalPendingBytesMax = 16 * 1024 * 1024;

    /// <summary>Records nobody waits for (<c>sync: os</c>) are synced at the latest this long after they were appended, plus one sync.</summary>
    public const int JournalSyncDelayMs = 50;

    /// <summary>A full journal tries this often to prepare a segment, besides every time segments are released.</summary>
    public const int JournalPrepareRetryMs = 1_000;

    /// <summary>A new segment is zeroed in steps of this size with a sync after each, so that the disk's queue stays short for the commits.</summary>
    public const int JournalZeroStepBytes = 1024 * 1024;

    /// <summary>
    /// A new segment is zeroed in writes of this size. The kernel caches what one write covers as one piece and walks through all
    /// of the piece's blocks at every later write into it: with writes of a megabyte a record's write costs twice as much.
    /// </summary>
    public const int JournalZeroWriteBytes = 4 * 1024;

    /// <summary>A group commit waits for company only if the one before carried about this many records: otherwise there is none to expect.</summary>
    public const int JournalGatherRecordsMin = 8;

    /// <summary>Longest time a group commit waits for company, in microseconds: less than a sync takes.</summary>
    public const int JournalGatherUs = 50;

    /// <summary>Waiters completed by one work item of the thread pool: cheaper than one each, and a slow continuation delays only these.</summary>
    public const int JournalWaitersPerWorkItem = 16;

    /// <summary>Waiters kept for reuse: as many as calls may be in flight four times over, about two megabytes.</summary>
    public const int JournalWaitersPooledMax = 16_384;

    /// <summary>Bytes read at once when the journal is replayed.</summary>
    public const int JournalReadBytes = 4 * 1024 * 1024;

    // The edge.

    /// <summary>HTTP/2 streams of one connection. Proxies multiplex everything over a few connections; Kestrel's default of 100 makes them queue.</summary>
    public const int StreamsPerConnectionMax = 512;

    /// <summary>Long-lived gRPC streams of one silo. Each holds buffers and up to <see cref="StreamBatchesPendingMax"/> batches.</summary>
    public const int StreamsMax = 1_024;

    /// <summary>Batches of one stream that were read and not answered yet: enough to keep a disk busy while a sync runs.</summary>
    public const int StreamBatchesPendingMax = 16;

    /// <summary>Decisions being worked on at once, over all batches; 300 bytes each, 1.4 KB under plans of many limits, so at most about 180 MB.</summary>
    public const int DecisionsMax = 131_072;

    /// <summary>
    /// Of these, those that streams may have: a caller that does not take its answers holds its batches, and must not keep
    /// single calls from being decided.
    /// </summary>
    public const int StreamDecisionsMax = DecisionsMax / 2;

    /// <summary>A stream whose caller does not take its answers for this long is aborted.</summary>
    public const int StreamFlushTimeoutMs = 5_000;

    /// <summary>Answers of a stream held back to be sent together.</summary>
    public const int StreamUnflushedBytesMax = 64 * 1024;

    /// <summary>Received and not yet read, per HTTP/2 stream: a few batches, and small enough for many streams.</summary>
    public const int StreamWindowBytes = 256 * 1024;

    /// <summary>Received and not yet read, per HTTP/2 connection.</summary>
    public const int ConnectionWindowBytes = 1024 * 1024;

    /// <summary>Request line, names and values of all headers of one request; gRPC's own default is 8 KiB, tokens are larger.</summary>
    public const int HeaderBytesMax = 16 * 1024;

    /// <summary>Digits of a <c>grpc-timeout</c>; from the gRPC specification.</summary>
    public const int GrpcTimeoutDigitsMax = 8;

    /// <summary>A response message below this is sent as it is: gzip would cost more than the bytes it saves.</summary>
    public const int GzipBytesMin = 1024;

    /// <summary>Bytes of a <c>grpc-message</c> before percent-encoding; it travels in a header block.</summary>
    public const int GrpcMessageBytesMax = 1024;

    /// <summary>JSON body of one check: every string at its bound, each byte written as a six-byte escape, and room for white space.</summary>
    public const int JsonCheckBytesMax = 128 * 1024;

    /// <summary>A connection without calls is closed after this: longer than proxies keep idle connections between bursts.</summary>
    public const int KeepAliveMs = 10 * 60 * 1000;

    /// <summary>A quiet HTTP/2 connection is pinged this often, so that a peer that vanished does not hold its streams.</summary>
    public const int KeepAlivePingMs = 60 * 1000;

    /// <summary>Time a pinged peer has to answer.</summary>
    public const int KeepAlivePingTimeoutMs = 20 * 1000;

    /// <summary>The same cause is logged at most once in this time, so that a hostile peer cannot fill the disk.</summary>
    public const int LogIntervalMs = 1_000;

    /// <summary>Causes that are told apart by the limited log; further ones share one entry.</summary>
    public const int LogCausesMax = 256;

    /// <summary>Seconds a caller is asked to wait after it was shed: load of this kind passes in moments.</summary>
    public const int ShedRetryAfterSeconds = 1;

    /// <summary>Steps of the shared executor that wait for the store or are worked on: some seconds of what a store takes.</summary>
    public const int StoreOpsMax = 65_536;

    /// <summary>Steps that one commit to the shared store keeps: more add more to its latency than they save.</summary>
    public const int StoreBatchOpsMax = 512;

    /// <summary>Blocks of the shared store that a silo remembers so that it need not read them again: about 100 MB.</summary>
    public const int StoreCacheBlocksMax = 200_000;

    /// <summary>Times that a batch is tried again after other silos were faster; its time is bounded as well.</summary>
    public const int StoreAttemptsMax = 100;

    /// <summary>Longest wait before a batch is tried again, in ms; each wait is a random part of a bound that doubles up to this.</summary>
    public const int StoreBackoffMsMax = 64;

    /// <summary>Rounds of reading blocks that a batch found it needs: each finds at least one more.</summary>
    public const int StoreReadsMax = 512;

    /// <summary>How long refusals wait in a silo's memory to be saved in the shared store, in ns: they are statistics.</summary>
    public const long DenialNotesNs = 5_000_000_000;

    /// <summary>Leases on one block that are not settled: one per silo, and those of silos that did not come back.</summary>
    public const int LeasesPerBlockMax = 64;

    /// <summary>How long a caller waits for a check beside the store's time-out: a batch begins a little later.</summary>
    public const int SharedMarginMs = 250;

    /// <summary>Checks of a block within the last second or two that make it worth a lease: below, the store is asked and stays exact.</summary>
    public const int LeaseChecksMin = 8;

    /// <summary>Permits below which a lease is not worth its two writes, in checks of the block's usual cost.</summary>
    public const int LeasePermitsMin = 4;

    /// <summary>A lease that would end sooner is not granted: it would be over before it pays, in ns.</summary>
    public const long LeaseNsMin = 20_000_000;

    /// <summary>How long an empty book of leases is kept, in ns: longer than any clock that is within its bound stands still.</summary>
    public const long LeaseBookEmptyNs = 60_000_000_000;

    /// <summary>A lease is renewed before it ends for this many times its duration; then it is settled, so that usage is known in time.</summary>
    public const int LeaseLifeDurations = 5;

    /// <summary>How long a silo refuses alone once the grain has refused, in ns: a refund elsewhere, or permits that come back, are seen after it.</summary>
    public const long DenialNsMax = 250_000_000;

    /// <summary>Leases that one silo holds; beyond, checks go to the store.</summary>
    public const int LeasesPerSiloMax = 1_000_000;
}
