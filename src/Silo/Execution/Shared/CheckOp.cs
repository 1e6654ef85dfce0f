using System.Numerics;
using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Model;
using Quota.Silo.Catalog;
using Quota.Silo.Execution.Local;
using Quota.Silo.Execution.Shared.Leases;
using Quota.Silo.Limiting;

namespace Quota.Silo.Execution.Shared;

/// <summary>A check that is decided in the store: a copy of its command, whose buffers belong to the caller.</summary>
internal sealed class CheckOp : StoreOp
{
    private readonly NamespaceModel _owner;
    private readonly PlanModel _plan;
    private readonly bool _isPlanConfigured;
    private readonly byte[] _key;
    private readonly KeyState? _above;
    private readonly CostVector _costs;
    private readonly CopiedText _text;
    private readonly bool _isPeek;
    private readonly byte[] _requestId;
    private readonly ReservationTerms? _hold;
    private readonly KeyTreatment _treatment;
    private readonly TaskCompletionSource<Decision> _done;
    private readonly Decision _decision = new();

    private CheckOp(in GrainCommand command, List<CheckBlock> blocks, KeyTreatment treatment, TaskCreationOptions continuations)
    {
        _owner = command.Namespace;
        _plan = command.Plan;
        _isPlanConfigured = command.IsPlanConfigured;
        _key = command.Key.ToArray();
        _above = command.Above;
        _costs = command.Costs;
        _text = new CopiedText(command.Attributes, command.Named);
        _isPeek = command.IsPeek;
        _requestId = command.RequestId.ToArray();
        _hold = command.Hold;
        _treatment = treatment;
        _done = new TaskCompletionSource<Decision>(continuations);
        Blocks = blocks;
        IsLeasable = LeaseFront.IsEligible(command);
        Predicted = [.. Predict(command, blocks)];
    }

    /// <summary>The decision, made and kept.</summary>
    public Task<Decision> Result => _done.Task;

    public override bool NeedsFresh => _isPeek || CostVector.IsPeek(_costs);

    public override bool IsRefused => _decision.Status != DecisionStatus.Decided || !_decision.Allowed;

    public bool IsAllowed => _decision is { Status: DecisionStatus.Decided, Allowed: true };

    /// <summary>The blocks it counts on, level by level.</summary>
    public IReadOnlyList<CheckBlock> Blocks { get; }

    /// <summary>It may be decided from a lease.</summary>
    public bool IsLeasable { get; }

    /// <summary>What the last run decided.</summary>
    public Decision Decision => _decision;

    /// <summary>A limit has refused it.</summary>
    public bool IsRefusedByLimit => _decision is { Status: DecisionStatus.Decided, DecidingResult: >= 0 };

    public override IReadOnlyList<byte[]> Predicted { get; }

    /// <summary>A reservation; months and events are rare, and if they are more than fits the batch is divided.</summary>
    public override int OtherBlocks => _hold is null ? 0 : 1;

    /// <summary>Level of the block with this index in <see cref="Blocks"/>.</summary>
    public int LevelOf(int index) => KeyIds.FindIndex(id => id.AsSpan().SequenceEqual(Blocks[index].KeyId));

    /// <summary>Copies a check.</summary>
    public static CheckOp Of(in GrainCommand command, KeyTreatment treatment, TaskCreationOptions continuations)
    {
        var keyIds = new List<byte[]>();
        List<CheckBlock> blocks = FindBlocks(command, keyIds);
        return new CheckOp(command, blocks, treatment, continuations) { KeyIds = keyIds };
    }

    /// <summary>Decides it from leases, if it can be by now. Then it is complete.</summary>
    public bool TryDecideAlone(LeaseFront front, in Instant now)
    {
        if (!IsLeasable)
        {
            return false;
        }
        Restart(now);
        if (!front.TryDecide(Command(now), _decision))
        {
            return false;
        }
        _done.TrySetResult(_decision);
        return true;
    }

    public override void Run(Workbench bench)
    {
        Restart(bench.At);
        bench.Executor.Begin(Command(bench.At), _decision);
    }

    public override void Complete()
    {
        // It is in the store; there is no journal to wait for.
        _decision.JournalPosition = 0;
        _done.TrySetResult(_decision);
    }

    public override void Fail(StepFault fault)
    {
        Restart(_decision.At);
        _decision.Fail(fault.Status, fault.Message);
        Complete();
    }

    /// <summary>The blocks it counts on; if it leaves a record behind, the key's own block, which counts them, and what it finds of its request id.</summary>
    private static List<byte[]> Predict(in GrainCommand command, List<CheckBlock> blocks)
    {
        List<byte[]> ids = [.. blocks.Select(b => b.Id)];
        if (command.IsPeek || (command.RequestId.IsEmpty && command.Hold is null))
        {
            return ids;
        }
        byte[] keyId = UsageMover.KeyId(command.Namespace, command.Key);
        if (!ids.Exists(id => id.AsSpan().SequenceEqual(keyId)))
        {
            ids.Add(keyId);
        }
        if (!command.RequestId.IsEmpty)
        {
            ids.Add(RequestRecordId(command));
        }
        return ids;
    }

    private static byte[] RequestRecordId(in GrainCommand command)
    {
        Span<byte> room = stackalloc byte[Bounds.GrainIdBytesMax];
        return room[..GrainId.WriteRecord(room, GrainId.RequestRecord, command.Namespace.NameUtf8, command.Key, command.RequestId)].ToArray();
    }

    private void Restart(in Instant now)
    {
        _decision.Reset(now);
        _decision.Namespace = _owner;
        _decision.KeyTreatment = _treatment;
    }

    private GrainCommand Command(in Instant now) => new(_costs)
    {
        Namespace = _owner,
        Plan = _plan,
        IsPlanConfigured = _isPlanConfigured,
        Key = _key,
        Above = _above,
        Attributes = _text.Attributes,
        Named = _text.Named,
        IsPeek = _isPeek,
        RequestId = _requestId,
        Hold = _hold,
        Now = now,
    };

    /// <summary>The blocks that a check counts on, level by level.</summary>
    /// <param name="command">The check.</param>
    /// <param name="keyIds">Takes the ids of the own blocks of the levels' keys.</param>
    public static List<CheckBlock> FindBlocks(in GrainCommand command, List<byte[]> keyIds)
    {
        var blocks = new List<CheckBlock>();
        Span<byte> room = stackalloc byte[Bounds.GrainIdBytesMax];
        NamespaceModel owner = command.Namespace;
        PlanModel plan = command.Plan;
        ReadOnlySpan<byte> key = command.Key;
        CostVector costs = command.Costs;
        KeyState? above = command.Above;
        while (true)
        {
            byte[] keyId = UsageMover.KeyId(owner, key);
            keyIds.Add(keyId);
            uint applicable = plan.Applicable(command.Attributes) & plan.Named(costs) & (command.Hold is null ? ~plan.ConcurrencyMask : ~0u);
            if (plan.Layout.Usage is not null || (applicable & ~plan.PerMask) != 0)
            {
                blocks.Add(new CheckBlock(owner, keyId, keyId, plan, -1, costs));
            }
            for (uint rest = applicable & plan.PerMask; rest != 0; rest &= rest - 1)
            {
                int limit = BitOperations.TrailingZeroCount(rest);
                byte[] id = room[..GrainId.WriteValue(room, owner.NameUtf8, key, plan.Limits[limit], command.Attributes)].ToArray();
                blocks.Add(new CheckBlock(owner, id, keyId, plan, limit, costs));
            }
            if (above is null || keyIds.Count == Bounds.LevelsMax)
            {
                return blocks;
            }
            KeyModel next = above.Current;
            plan = next.Plan;
            key = above.NameUtf8;
            above = next.Above;
            costs = new CostVector(command.Costs[0]);
            command.Named.TryPlace(plan, ref costs);
        }
    }
}
