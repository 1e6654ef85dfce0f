using Google.Protobuf;
using Quota.Contracts.V1;

namespace Quota.Silo.Import;

/// <summary>Writes definitions as JSON Lines: canonical protobuf JSON with the fields' original names, one definition per line.</summary>
internal static class DefinitionLines
{
    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true));

    public static void Write(IEnumerable<Definition> definitions, TextWriter output)
    {
        foreach (Definition definition in definitions)
        {
            output.Write(Formatter.Format(definition));
            output.Write('\n');
        }
    }
}
