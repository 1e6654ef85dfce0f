using System.Numerics;
using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Model;
using Quota.Silo.Catalog;
using Quota.Silo.Execution.Local;
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
    private List<byte[]>? _predicted;

    private CheckOp(in GrainCommand command, KeyTreatment treatment, TaskCreationOptions continuations)
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
    }

    /// <summary>The decision, made and kept.</summary>
    public Task<Decision> Result => _done.Task;

    public override bool NeedsFresh => _isPeek || CostVector.IsPeek(_costs);

    public override bool IsRefused => _decision.Status != DecisionStatus.Decided || !_decision.Allowed;

    public bool IsAllowed => _decision is { Status: DecisionStatus.Decided, Allowed: true };

    public static CheckOp Of(in GrainCommand command, KeyTreatment treatment, TaskCreationOptions continuations)
    {
        var keyIds = new List<byte[]> { UsageMover.KeyId(command.Namespace, command.Key) };
        for (KeyState? above = command.Above; above is not null && keyIds.Count < Bounds.LevelsMax; above = above.Current.Above)
        {
            keyIds.Add(UsageMover.KeyId(command.Namespace, above.NameUtf8));
        }
        return new CheckOp(command, treatment, continuations) { KeyIds = keyIds };
    }

    public override IReadOnlyList<byte[]> Predicted => _predicted ??= Predict();

    /// <summary>A reservation, and months and events, which are rare: what they need more than fits makes the batch smaller.</summary>
    public override int OtherBlocks => _hold is null ? 0 : 1;

    private List<byte[]> Predict()
    {
        var ids = new List<byte[]>();
        Span<byte> room = stackalloc byte[Bounds.GrainIdBytesMax];
        AttributeSet attributes = _text.Attributes;
        PlanModel plan = _plan;
        byte[] key = _key;
        KeyState? above = _above;
        foreach (byte[] keyId in KeyIds)
        {
            ids.Add(keyId);
            for (uint rest = plan.Applicable(attributes) & plan.PerMask; rest != 0; rest &= rest - 1)
            {
                ids.Add(room[..GrainId.WriteValue(room, _owner.NameUtf8, key, plan.Limits[BitOperations.TrailingZeroCount(rest)], attributes)].ToArray());
            }
            if (above is null)
            {
                break;
            }
            (plan, key, above) = (above.Current.Plan, above.NameUtf8, above.Current.Above);
        }
        if (_requestId.Length > 0 && !_isPeek)
        {
            ids.Add(room[..GrainId.WriteRecord(room, GrainId.RequestRecord, _owner.NameUtf8, _key, _requestId)].ToArray());
        }
        return ids;
    }

    public override void Run(Workbench bench)
    {
        _decision.Reset(bench.Now);
        _decision.Namespace = _owner;
        _decision.KeyTreatment = _treatment;
        var command = new GrainCommand(_costs)
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
            Now = bench.Now,
        };
        bench.Executor.Begin(command, _decision);
    }

    public override void Complete() => _done.TrySetResult(_decision);

    public override void Fail(StepFault fault)
    {
        _decision.Reset(_decision.At);
        _decision.Namespace = _owner;
        _decision.KeyTreatment = _treatment;
        _decision.Fail(fault.Status, fault.Message);
        Complete();
    }
}
