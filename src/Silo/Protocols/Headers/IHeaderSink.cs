namespace Quota.Silo.Protocols.Headers;

/// <summary>Takes ready-made headers; each protocol puts them where they belong.</summary>
public interface IHeaderSink
{
    /// <summary>Adds one header. Both spans are ASCII and valid during the call only.</summary>
    void Add(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value);
}
