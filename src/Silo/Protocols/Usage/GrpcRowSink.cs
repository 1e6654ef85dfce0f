using Quota.Contracts;
using Quota.Contracts.V1;
using Quota.Silo.Edge.Grpc;

namespace Quota.Silo.Protocols.Usage;

/// <summary>Rows as messages of a gRPC call. Belongs to the call.</summary>
internal sealed class GrpcRowSink(IGrpcCall call) : IUsageRowSink
{
    public void Write(UsageRow row) => call.EndMessage(row);

    public async ValueTask<bool> FlushAsync()
    {
        ValueTask flush = call.FlushAsync();
        if (flush.IsCompletedSuccessfully)
        {
            return true;
        }
        Task sent = flush.AsTask();
        try
        {
            await sent.WaitAsync(TimeSpan.FromMilliseconds(Bounds.UsageFlushTimeoutMs), call.Cancellation).ConfigureAwait(false);
            return true;
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            // The call must not be used after its handler has ended, so what is being sent has to end first.
            call.Abort();
            await sent.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            call.Cancellation.ThrowIfCancellationRequested();
            return false;
        }
    }
}
