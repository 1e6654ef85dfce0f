using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Model;
using Quota.Silo.Catalog;
using Quota.Silo.Execution;
using Quota.Silo.Limiting;

namespace Quota.Silo.Cluster.Forwarding;

/// <summary>
/// A check that waits for another silo's answer, and everything that deciding it here after all needs.
/// <para>
/// Safety: the decision is the call's own, and only written by whoever works on the call; completing it hands the decision to the
/// caller, who takes it over, and after that nobody writes to it.
/// </para>
/// </summary>
internal sealed class ForwardedCall
{
    private readonly TaskCompletionSource<Decision> _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ForwardBatch _batch;
    private readonly int _start;
    private readonly int _length;
    private readonly NamespaceModel _namespace;
    private readonly KeyState? _above;
    private readonly bool _isPlanConfigured;
    private readonly KeyTreatment _treatment;
    private readonly Instant _at;

    /// <param name="command">The check.</param>
    /// <param name="treatment">How its key was found.</param>
    /// <param name="levels">The plans of its levels.</param>
    /// <param name="partition">Of its key.</param>
    /// <param name="batch">Has the check's bytes.</param>
    /// <param name="start">Where in the batch they begin.</param>
    /// <param name="length">How many they are.</param>
    public ForwardedCall(in GrainCommand command, KeyTreatment treatment, PlanModel[] levels, int partition, ForwardBatch batch, int start, int length)
    {
        _treatment = treatment;
        Levels = levels;
        Partition = partition;
        _batch = batch;
        _start = start;
        _length = length;
        _namespace = command.Namespace;
        _above = command.Above;
        _isPlanConfigured = command.IsPlanConfigured;
        _at = command.Now;
        Reset();
        MayRepeat = command.IsPeek || !command.RequestId.IsEmpty;
    }

    /// <summary>The answer, once there is one.</summary>
    public Decision Decision { get; } = new();

    public int Partition { get; }

    /// <summary>The plans of the check's levels as they are here; the first is the key's.</summary>
    public PlanModel[] Levels { get; }

    /// <summary>Deciding it once more counts nothing twice: it counts nothing, or has a request id.</summary>
    public bool MayRepeat { get; }

    /// <summary>The decision, made and kept.</summary>
    public Task<Decision> Result => _completed.Task;

    /// <summary>The plans of a check's levels.</summary>
    public static PlanModel[] LevelsOf(in GrainCommand command)
    {
        int count = 1;
        for (KeyState? above = command.Above; above is not null && count < Bounds.LevelsMax; above = above.Current.Above)
        {
            count++;
        }
        var levels = new PlanModel[count];
        levels[0] = command.Plan;
        KeyState? next = command.Above;
        for (int i = 1; i < count; i++)
        {
            // The chain may have become shorter since it was counted; the last level's plan stands for what is gone, and its fingerprint will not match.
            levels[i] = next?.Current.Plan ?? levels[i - 1];
            next = next?.Current.Above;
        }
        return levels;
    }

    /// <summary>Nothing is decided.</summary>
    public void Reset()
    {
        Decision.Reset(_at);
        Decision.Namespace = _namespace;
        Decision.KeyTreatment = _treatment;
    }

    /// <summary>Begins the check here instead.</summary>
    public void Begin(IGrainExecutor executor, in Instant now)
    {
        Span<AttributeRange> ranges = stackalloc AttributeRange[Bounds.AttributesMax];
        Span<NamedCost> named = stackalloc NamedCost[Bounds.UnitsMax];
        Span<ulong> fingerprints = stackalloc ulong[Bounds.LevelsMax];
        bool isRead = ForwardedCheck.TryRead(_batch.Bytes(_start + sizeof(int), _length - sizeof(int)), ranges, named, fingerprints, out ForwardedCheck check);
        Invariant.Check(isRead);
        var costs = new CostVector(check.Cost);
        check.Named.TryPlace(Levels[0], ref costs);
        var command = new GrainCommand(costs)
        {
            Namespace = _namespace,
            Plan = Levels[0],
            IsPlanConfigured = _isPlanConfigured,
            Key = check.Key,
            Attributes = check.Attributes,
            Above = _above,
            Named = check.Named,
            IsPeek = check.IsPeek,
            RequestId = check.RequestId,
            Hold = check.Hold,
            Now = now,
        };
        Reset();
        Decision.At = now;
        executor.Begin(command, Decision);
    }

    /// <summary>The decision is made and kept.</summary>
    public void Complete() => _completed.SetResult(Decision);

    /// <summary>The program has failed; the caller gets to see it.</summary>
    public void Fail(Exception fault) => _completed.SetException(fault);
}
