using System.Collections;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Quota.Grains;
using Quota.Silo.Protocols.Native;

namespace Quota.Silo.Protocols.Json;

/// <summary>
/// Decodes the JSON form of a generated message of texts, 64-bit integers and maps of either, as strictly as
/// <see cref="JsonCheckReader"/> and with the same errors: protobuf's own parser names no field and takes the last of repeated
/// ones.
/// </summary>
internal ref struct JsonMessageReader
{
    private readonly IMessage _message;
    private JsonValueReader _value;

    private JsonMessageReader(ReadOnlySpan<byte> body, Span<byte> scratch, IMessage message)
    {
        _value = new JsonValueReader(body, scratch);
        _message = message;
    }

    /// <summary>Decodes one body. On false only <paramref name="error"/> means anything.</summary>
    /// <param name="body">One JSON object.</param>
    /// <param name="scratch">At least as long as the body.</param>
    /// <param name="message">An empty message, which gets the fields. Their bounds are checked below.</param>
    /// <param name="error">What is wrong with the body.</param>
    public static bool TryRead(ReadOnlySpan<byte> body, Span<byte> scratch, IMessage message, out RequestError error)
    {
        Invariant.Check(scratch.Length >= body.Length);
        JsonMessageReader reader = new(body, scratch, message);
        try
        {
            reader.ReadBody();
        }
        catch (JsonException e)
        {
            reader._value.Error = JsonValueReader.Malformed(e);
        }
        error = reader._value.Error;
        return error.Field is null;
    }

    private void ReadBody()
    {
        if (!_value.Json.Read() || _value.Json.TokenType != JsonTokenType.StartObject)
        {
            _value.Fail("body", "must be a JSON object");
            return;
        }
        uint seen = 0;
        while (_value.Error.Field is null && _value.Json.Read() && _value.Json.TokenType == JsonTokenType.PropertyName)
        {
            if (FindField() is not { } field)
            {
                _value.FailUnknown();
                return;
            }
            if ((seen & (1u << field.Index)) != 0)
            {
                _value.Fail(field.Name, "must not be repeated");
                return;
            }
            seen |= 1u << field.Index;
            _value.Json.Read();
            if (_value.Json.TokenType != JsonTokenType.Null)
            {
                ReadField(field);
            }
        }
        if (_value.Error.Field is null && _value.Json.Read())
        {
            _value.Fail("body", "must end after its object");
        }
    }

    private readonly FieldDescriptor? FindField()
    {
        foreach (FieldDescriptor field in _message.Descriptor.Fields.InDeclarationOrder())
        {
            if (_value.Json.ValueTextEquals(field.Name) || _value.Json.ValueTextEquals(field.JsonName))
            {
                return field;
            }
        }
        return null;
    }

    private void ReadField(FieldDescriptor field)
    {
        if (field.IsMap)
        {
            ReadMap(field);
            return;
        }
        object value = ReadValue(field.Name, field.FieldType);
        if (_value.Error.Field is null)
        {
            field.Accessor.SetValue(_message, value);
        }
    }

    private void ReadMap(FieldDescriptor field)
    {
        FieldType type = field.MessageType.FindFieldByNumber(2).FieldType;
        if (_value.Json.TokenType != JsonTokenType.StartObject)
        {
            _value.Fail(field.Name, type == FieldType.String ? "must be an object of strings" : "must be an object of numbers");
            return;
        }
        IDictionary map = (IDictionary)field.Accessor.GetValue(_message);
        while (_value.Error.Field is null && _value.Json.Read() && _value.Json.TokenType == JsonTokenType.PropertyName)
        {
            string name = Encoding.UTF8.GetString(_value.Text(field.Name));
            _value.Json.Read();
            object value = ReadValue(field.Name, type);
            if (map.Contains(name))
            {
                _value.Fail(field.Name, type == FieldType.String ? "must not repeat a name" : "must not repeat a unit");
            }
            if (_value.Error.Field is null)
            {
                map.Add(name, value);
            }
        }
    }

    private object ReadValue(string field, FieldType type)
    {
        Invariant.Check(type is FieldType.String or FieldType.Int64);
        return type == FieldType.String ? Encoding.UTF8.GetString(_value.Text(field)) : _value.Integer(field);
    }
}
