using System.Text;
using Quota.Grains.Usage;
using Quota.Silo.Store;

namespace Quota.Silo.Execution.Local;

/// <summary>Reads the usage section of a key's block as the store has it.</summary>
internal static class UsageDayReader
{
    /// <summary>What the block has counted since its day began; null if nothing.</summary>
    /// <exception cref="StoreException">The layout of the block is not known.</exception>
    public static UsageDay? Read(LayoutRegistry layouts, ReadOnlyMemory<byte> key, StoredGrain grain)
    {
        if (!layouts.TryFind(grain.LayoutId, out int number) || !layouts[number].Fits(grain.State.Length))
        {
            throw new StoreException($"the store holds a block of key {Encoding.UTF8.GetString(key.Span)} whose counter layout it does not hold");
        }
        return layouts[number].Usage is null ? null : UsageSection.Read(layouts[number], grain.State.Span);
    }
}
