using Quota.Grains;
using Quota.Silo.Execution.Local;
using Quota.Silo.Execution.Local.Operations;
using Quota.Silo.Store;

namespace Quota.Silo.Execution.Shared.Leases;

/// <summary>
/// What a batch does about leases beside its steps: 1. closes those of this silo that its checks cannot go on with; 2. settles them
/// before the checks are decided, so that these find what was not spent; 3. grants new ones after them; 4. once the commit has
/// completed, puts them in place. Used by one batch.
/// </summary>
internal sealed class LeaseRound
{
    private readonly LeaseDesk _desk;
    private readonly Dictionary<byte[], LeaseTarget> _targets = new(BytesComparer.Instance);
    private readonly List<CheckOp> _checks = [];

    public LeaseRound(LeaseDesk desk, IEnumerable<StoreOp> ops, int blocksMax, in Instant now)
    {
        _desk = desk;
        int room = blocksMax;
        foreach (StoreOp op in ops)
        {
            room -= op.Predicted.Count;
        }
        foreach (StoreOp op in ops)
        {
            if (op is LeaseOp care)
            {
                // Refusals that were noted may have left memory.
                _desk.Bring(care.Block, now);
                LeaseTarget target = Target(care.Block);
                target.IsForced = true;
                _desk.Close(target, care.Block, now, takesNotes: true);
            }
            else if (op is CheckOp { IsLeasable: true } check)
            {
                Add(check, now, ref room);
            }
        }
        foreach (LeaseTarget idle in _targets.Values.Where(t => !t.IsForced && !t.IsWanted && t.Closing is null).ToArray())
        {
            _targets.Remove(idle.Block.Id);
        }
    }

    /// <summary>Books that will be read.</summary>
    public IEnumerable<byte[]> Books => _targets.Values.Select(t => t.BookId);

    /// <summary>Settles what was closed, and what is lost. False if blocks have to be brought first.</summary>
    public bool TryClose(Workbench bench) => TryRun(bench, transaction =>
    {
        foreach (LeaseTarget target in _targets.Values)
        {
            if (!LeaseCloseStep.TryClose(transaction, target, _desk))
            {
                return false;
            }
        }
        return true;
    });

    /// <summary>Grants what is worth it and what a check of the batch has been admitted on. False if blocks have to be brought first.</summary>
    public bool TryGrant(Workbench bench)
    {
        LeaseTerms terms = _desk.Terms;
        var raised = new List<RaisedEvent>();
        bool isDone = TryRun(bench, transaction =>
        {
            raised.Clear();
            foreach (LeaseTarget target in _targets.Values)
            {
                if (!target.IsWanted || target.LiveId != 0 || !target.Checks.Exists(c => c.IsAllowed))
                {
                    target.Granted = null;
                    continue;
                }
                var crossed = new List<ReachedThreshold>();
                if (!LeaseGrantStep.TryGrant(transaction, target, terms, _desk.ChecksPerSecond(target.Block, transaction.Now.WindowNs), crossed))
                {
                    return false;
                }
                KeyLevels levels = KeyLevels.OfIds(target.Block.Owner, [target.Block.KeyId]);
                var one = new List<RaisedEvent>();
                if (crossed.Count > 0 && !EventRaiser.TryStage(transaction, levels with { Plans = [target.Block.Plan] }, crossed, one))
                {
                    return false;
                }
                raised.AddRange(one);
            }
            return true;
        });
        if (isDone)
        {
            bench.Events.Announce(raised, bench.At);
        }
        return isDone;
    }

    /// <summary>The commit has completed.</summary>
    /// <param name="saves">What it saved.</param>
    /// <param name="now">The instant of the batch.</param>
    public void Install(List<GrainSave> saves, in Instant now)
    {
        foreach (LeaseTarget target in _targets.Values)
        {
            _desk.Install(target, now);
        }
        foreach (CheckOp check in _checks.Where(c => c.IsRefusedByLimit))
        {
            _desk.InstallRefusal(check, block => saves.Exists(s => s.Id.Span.SequenceEqual(block.Id)), now);
        }
    }

    /// <summary>The batch came to nothing, as far as is known: what was closed stays so until the store says more.</summary>
    public void Abandon()
    {
        foreach (LeaseTarget target in _targets.Values)
        {
            _desk.Watch(target.Block);
        }
    }

    private void Add(CheckOp check, in Instant now, ref int room)
    {
        _checks.Add(check);
        bool isHot = true;
        foreach (CheckBlock block in check.Blocks)
        {
            bool isNew = !_targets.ContainsKey(block.Id);
            // A book may be written beside every block, and the commit has to hold them.
            if (isNew && room < 1)
            {
                continue;
            }
            LeaseTarget target = Target(block);
            room -= isNew ? 1 : 0;
            target.Add(check, block);
            _desk.Close(target, block, now);
            // A lease that was not used is not renewed.
            isHot &= _desk.Held < Contracts.Bounds.LeasesPerSiloMax && (target.LiveId != 0 || target.Closing is { LeaseId: not 0, IsUsed: true } || _desk.IsHot(block, now.WindowNs));
        }
        foreach (CheckBlock block in isHot ? check.Blocks : [])
        {
            if (_targets.TryGetValue(block.Id, out LeaseTarget? target))
            {
                target.IsWanted = true;
            }
        }
    }

    private LeaseTarget Target(CheckBlock block)
    {
        if (!_targets.TryGetValue(block.Id, out LeaseTarget? target))
        {
            _targets.Add(block.Id, target = new LeaseTarget(block));
        }
        return target;
    }

    private bool TryRun(Workbench bench, Func<GrainTransaction, bool> body)
    {
        if (_targets.Count == 0)
        {
            return true;
        }
        StepResult<bool> step = bench.Executor.Transactions.Run([.. _targets.Values.Select(t => t.Block.KeyId).Distinct(BytesComparer.Instance)], bench.At, body);
        return bench.View.Missing.Count == 0 && (step.Fault is { } fault ? throw new StoreException(fault.Message) : step.Value);
    }
}
