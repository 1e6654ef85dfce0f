using Quota.Silo.Store;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Store;

/// <summary>The contract on the store that tests share between silos.</summary>
public sealed class MemoryGrainStoreTests : GrainStoreContract
{
    private readonly MemoryGrainStore _store = new();

    private protected override Task<IGrainStore> OpenAsync() => Task.FromResult<IGrainStore>(_store);
}
