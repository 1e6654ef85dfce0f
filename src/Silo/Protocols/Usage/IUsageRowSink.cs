using Quota.Contracts.V1;

namespace Quota.Silo.Protocols.Usage;

/// <summary>Where the rows of a stream of usage go, one after the other.</summary>
internal interface IUsageRowSink
{
    /// <summary>Queues a row.</summary>
    void Write(UsageRow row);

    /// <summary>Sends what is queued, and waits while the caller does not take it.</summary>
    /// <returns>False if the caller took nothing for too long: the stream is over.</returns>
    ValueTask<bool> FlushAsync();
}
