using Microsoft.Extensions.Logging.Abstractions;
using Quota.Contracts;
using Quota.Silo.Events;
using Quota.Silo.Execution.Local.Operations;
using Quota.Silo.Journal;
using Quota.Silo.Limiting;
using Quota.Silo.Store;

namespace Quota.Silo.Execution.Local;

/// <summary>
/// The executor of a silo that owns every key: memory, journal, and a store that idle grains are evicted to.
/// <para>
/// Safety. All blocks of a key are in one shard and are only touched under its gate; a check on several levels holds the gates of
/// all of them, taken in the order of the shards. Under the gates a check is evaluated on all of its limits, then its record is
/// appended to the journal, then it is counted: if the journal takes no record, nothing has changed. Records of one key therefore
/// stand in the journal in the order in which they were counted. The answer waits outside the gates. A block that is not resident
/// is loaded outside the gates; if any block has left the shard meanwhile, what was loaded may be older than what has since been
/// saved, and it is loaded again.
/// </para>
/// </summary>
internal sealed class LocalExecutor : IGrainExecutor
{
    /// <summary>Obstacles that one check may meet: one per block, and again if blocks keep leaving in between.</summary>
    private const int ObstaclesMax = 256 * Bounds.LevelsMax;

    private readonly KeyTable _table;
    private readonly IJournal _journal;
    private readonly BlockFetcher _fetcher;
    private readonly CheckDecider _decider;
    private readonly UsageMover _mover;
    private readonly JournalWait _wait;

    /// <param name="table">Recovered blocks, or empty.</param>
    /// <param name="journal">Takes the accepted decisions.</param>
    /// <param name="store">Where blocks are that are not resident; null if there are none.</param>
    /// <param name="events">Tells of thresholds that are reached; null: nobody is told.</param>
    /// <param name="expiries">Takes the reservations that are made; null: a queue of its own.</param>
    public LocalExecutor(KeyTable table, IJournal journal, IGrainStore? store, EventRaiser? events = null, ExpiryQueue? expiries = null)
    {
        _table = table;
        _journal = journal;
        _wait = new JournalWait(journal);
        var keeper = new DecisionKeeper(table.Layouts, journal);
        _fetcher = new BlockFetcher(table, keeper, store);
        Events = events ?? new EventRaiser(new EventSchedule(), new EventLog(NullLogger.Instance, TimeProvider.System));
        Expiries = expiries ?? new ExpiryQueue();
        Memory = new RequestMemory(table, keeper, journal, Expiries);
        _decider = new CheckDecider(new BlockFinder(table, keeper), keeper, Memory, new CheckEvents(Events));
        Transactions = new TransactionRunner(table, journal, keeper, _fetcher);
        _mover = new UsageMover(Transactions);
    }

    /// <summary>Runs every step that is not a plain check.</summary>
    public TransactionRunner Transactions { get; }

    /// <summary>Makes the records of threshold events.</summary>
    public EventRaiser Events { get; }

    /// <summary>Open reservations, by expiry.</summary>
    public ExpiryQueue Expiries { get; }

    internal RequestMemory Memory { get; }

    public void Begin(in GrainCommand command, Decision decision)
    {
        CheckScratch scratch = CheckScratch.Mine;
        scratch.Open(_table, command);
        for (int obstacles = 0; obstacles < ObstaclesMax; obstacles++)
        {
            bool kept;
            CheckObstacle obstacle;
            scratch.Enter();
            try
            {
                kept = _decider.TryDecide(scratch, command, decision, out obstacle);
            }
            finally
            {
                scratch.Exit();
            }
            if (!kept)
            {
                FailJournalOr(decision, "the disk is too far behind");
                return;
            }
            if (!obstacle.Exists || !TryClear(scratch.Levels[obstacle.Level], obstacle, command, decision))
            {
                return;
            }
        }
        decision.Fail(DecisionStatus.Overloaded, "the key's blocks leave memory faster than they can be loaded");
    }

    public ValueTask CompleteAsync(Decision decision) => _wait.CompleteAsync(decision);

    /// <summary>Clears an obstacle outside the gates. False if that cannot be done; the decision then says why.</summary>
    private bool TryClear(CheckLevel level, in CheckObstacle obstacle, in GrainCommand command, Decision decision)
    {
        try
        {
            if (obstacle.Kind == CheckObstacle.Kinds.UsageDue)
            {
                StepFault? fault = _mover.Move(command.Namespace, obstacle.Level == 0 ? command.Key : level.KeyUtf8, command.Now);
                if (fault is { } cause)
                {
                    decision.Fail(cause.Status, cause.Message);
                }
                return fault is null;
            }
            Span<byte> buffer = stackalloc byte[Bounds.GrainIdBytesMax];
            FetchOutcome outcome;
            if (obstacle.Kind == CheckObstacle.Kinds.Record)
            {
                CheckScratch scratch = CheckScratch.Mine;
                outcome = _fetcher.Fetch(level.Shard, scratch.Wanted, obstacle.Departures, null, command.Now);
                if (outcome == FetchOutcome.Absent)
                {
                    scratch.NoteAbsent(scratch.Wanted, obstacle.Departures);
                }
            }
            else if (obstacle.Kind == CheckObstacle.Kinds.KeyBlock)
            {
                outcome = _fetcher.Fetch(level.Shard, level.KeyId, obstacle.Departures, level.Plan.Layout, command.Now);
            }
            else
            {
                ReadOnlySpan<byte> key = obstacle.Level == 0 ? command.Key : level.KeyUtf8;
                int length = GrainId.WriteValue(buffer, command.Namespace.NameUtf8, key, level.Plan.Limits[obstacle.Limit], command.Attributes);
                outcome = _fetcher.Fetch(level.Shard, buffer[..length], obstacle.Departures, level.Plan.PerLayout(obstacle.Limit), command.Now);
            }
            if (outcome == FetchOutcome.NoRoom)
            {
                FailJournalOr(decision, "the key table is full of keys that are not checkpointed yet");
            }
            return outcome != FetchOutcome.NoRoom;
        }
        catch (StoreException e)
        {
            decision.Fail(DecisionStatus.Unavailable, e.Message);
            return false;
        }
    }

    private void FailJournalOr(Decision decision, string overload)
    {
        StepFault fault = StepFault.OfJournal(_journal.Status, overload);
        decision.Fail(fault.Status, fault.Message);
    }
}
