namespace Quota.Silo.Store;

/// <summary>A store that many silos share, and that counts what it is asked.</summary>
public interface ICountedStore : IGrainStore
{
    /// <summary>What this process has asked the store.</summary>
    StoreCounters Counters { get; }
}
