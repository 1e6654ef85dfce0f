using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Model;
using Quota.Silo.Catalog;
using Quota.Silo.Execution;
using Quota.Silo.Limiting;

namespace Quota.Silo.Cluster.Forwarding;

/// <summary>
/// A check that waits for another silo's answer: the decision it is for, and everything that deciding it here after all needs.
/// <para>
/// Safety: the decision belongs to whoever has the call: the lane until the call is completed, then the caller again. Completing it
/// is what makes everything written to the decision before visible to the caller.
/// </para>
/// </summary>
internal sealed class ForwardedCall
{
    private readonly TaskCompletionSource _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ForwardBatch _batch;
    private readonly int _start;
    private readonly int _length;
    private readonly NamespaceModel _namespace;
    private readonly KeyState? _above;
    private readonly bool _isPlanConfigured;

    /// <param name="command">The check.</param>
    /// <param name="decision">Takes its answer.</param>
    /// <param name="levels">The plans of its levels.</param>
    /// <param name="partition">Of its key.</param>
    /// <param name="batch">Has the check's bytes.</param>
    /// <param name="start">Where in the batch they begin.</param>
    /// <param name="length">How many they are.</param>
    public ForwardedCall(in GrainCommand command, Decision decision, PlanModel[] levels, int partition, ForwardBatch batch, int start, int length)
    {
        Decision = decision;
        Levels = levels;
        Partition = partition;
        _batch = batch;
        _start = start;
        _length = length;
        _namespace = command.Namespace;
        _above = command.Above;
        _isPlanConfigured = command.IsPlanConfigured;
        MayRepeat = command.IsPeek || !command.RequestId.IsEmpty;
    }

    public Decision Decision { get; }

    public int Partition { get; }

    /// <summary>The plans of the check's levels as they are here; the first is the key's.</summary>
    public PlanModel[] Levels { get; }

    /// <summary>Deciding it once more counts nothing twice: it counts nothing, or has a request id.</summary>
    public bool MayRepeat { get; }

    /// <summary>Completes when the decision is made, kept, and the caller's again.</summary>
    public Task Completion => _completed.Task;

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
        Decision.At = now;
        executor.Begin(command, Decision);
    }

    /// <summary>The decision is made and kept.</summary>
    public void Complete() => _completed.SetResult();

    /// <summary>The program has failed; the caller gets to see it.</summary>
    public void Fail(Exception fault) => _completed.SetException(fault);
}
