using System.Security.Cryptography;
using Quota.Silo.Store;

namespace Quota.Silo.Definitions.Log;

/// <summary>The same text for files that define the same, whatever else they say and however they are written.</summary>
internal static class DefinitionsHash
{
    /// <summary>SHA-256 of the definitions in the order of their names, as lower-case hexadecimal.</summary>
    public static string Of(IEnumerable<PendingChange> definitions)
    {
        IEnumerable<DefinitionWrite> writes = definitions
            .OrderBy(d => d.Id.Kind).ThenBy(d => d.Id.Namespace, StringComparer.Ordinal).ThenBy(d => d.Id.Name, StringComparer.Ordinal)
            .Select(d => new DefinitionWrite(d.Id, d.Content, default, 0, ""));
        return Convert.ToHexStringLower(SHA256.HashData(ChangeBatchCodec.Encode(new ChangeBatch { Writes = [.. writes] })));
    }
}
