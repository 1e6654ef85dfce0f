using Quota.Grains.Model;

namespace Quota.Silo.Execution.Local;

/// <summary>A copy of a block within a transaction.</summary>
internal sealed class TransactionBlock(Shard shard, byte[] id, CounterLayout layout, byte[] state)
{
    public Shard Shard => shard;

    public byte[] Id => id;

    public CounterLayout Layout { get; private set; } = layout;

    /// <summary>The block's bytes; changing them takes effect only if <see cref="MarkWritten"/> is called.</summary>
    public byte[] State { get; private set; } = state;

    public bool IsWritten { get; private set; }

    public void MarkWritten() => IsWritten = true;

    public void Write(CounterLayout newLayout, byte[] newState)
    {
        Layout = newLayout;
        State = newState;
        IsWritten = true;
    }
}
