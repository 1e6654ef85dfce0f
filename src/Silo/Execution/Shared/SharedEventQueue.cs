using Quota.Silo.Events;

namespace Quota.Silo.Execution.Shared;

/// <summary>Threshold events as records of the shared store. Safe for concurrent use: it has no state of its own.</summary>
internal sealed class SharedEventQueue(StepRunner steps) : IEventQueue
{
    public async ValueTask<EventRead> ReadAsync(ReadOnlyMemory<byte> recordId, CancellationToken cancellation) =>
        await steps.RunAsync(
            [GrainId.KeyIdOf(recordId.Span)],
            bench => Workbench.Now(bench.Queue.ReadAsync(recordId, cancellation)),
            _ => new EventRead(EventReadStatus.Unavailable)).ConfigureAwait(false);

    public async ValueTask<bool> CompleteAsync(ReadOnlyMemory<byte> recordId, EventDelivery delivery, CancellationToken cancellation) =>
        await steps.RunAsync(
            [GrainId.KeyIdOf(recordId.Span)],
            bench => Workbench.Now(bench.Queue.CompleteAsync(recordId, delivery, cancellation)),
            _ => false).ConfigureAwait(false);
}
