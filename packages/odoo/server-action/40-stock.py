# Stock: movements as transfers (pickings), absolute quantities, scrap.


def plan_move_stock(plan):
    value = plan['value']
    product = product_of(value['product'])
    unit = unit_of(value['quantity']['unit'])
    if not same_kind(unit, product.uom_id):
        refuse('unit-mismatch', '%s is kept in %s, not in %s.' % (product.default_code, product.uom_id.name, unit.name))
    kind = value['kind']
    stock = default_warehouse().lot_stock_id
    plan['from'] = value.get('from') and location_of(value['from']) or (
        partner_location('supplier') if kind == 'receipt' else stock)
    plan['to'] = value.get('to') and location_of(value['to']) or (
        partner_location('customer') if kind == 'issue' else stock)
    if plan['from'] == plan['to']:
        refuse('value-invalid', 'A movement from %s to itself moves nothing; name another location.' % plan['from'].complete_name)
    plan['product'] = product
    plan['unit'] = unit
    plan['shares'] = lot_shares(value, product, unit)
    for share in plan['shares']:
        if share[1] <= 0:
            refuse('nothing-reported', 'A movement of %s needs a quantity above zero.' % product.default_code)
        if product.tracking != 'none' and not share[0]:
            refuse('lot-missing', 'The product %s is tracked by %s, and the movement names none.' % (
                product.default_code, product.tracking))
        if product.tracking == 'none' and share[0]:
            refuse('value-invalid', 'The product %s is not tracked by lot, and the movement names %s.' % (
                product.default_code, share[0]))
        if share[0] and kind != 'receipt':
            refuse_held(product, lot_of(product, share[0]), plan['from'])


def partner_location(usage):
    found = env['stock.location'].search(
        [('usage', '=', usage), ('company_id', 'in', [False, company.id])], limit=1, order='company_id, id')
    if not found:
        refuse('location-unknown', 'Odoo has no location of the kind %s; name one.' % usage)
    return found


def picking_type(kind):
    warehouse = default_warehouse()
    if kind == 'receipt':
        return warehouse.in_type_id
    if kind == 'issue':
        return warehouse.out_type_id
    return warehouse.int_type_id


def apply_move_stock(plans):
    for plan, picking in zip(plans, carried_out(plans)):
        settle(plan, picking, picking.name, {})
    for plan in plans:
        for share in plan['shares']:
            hold_all(plan['product'], share[0])


def carried_out(plans):
    # The transfers, validated, one for each plan.
    wanted = []
    for plan in plans:
        for share in plan['shares']:
            if share[0]:
                wanted.append((plan['product'], share[0]))
    lots = lots_of(wanted, True)
    pickings = env['stock.picking'].create([movement_vals(plan) for plan in plans])
    pickings.action_confirm()
    for plan, picking in zip(plans, pickings):
        fill_movement(plan, picking, lots)
    answer = pickings.with_context(
        skip_backorder=True, skip_sms=True, skip_expired=True, cancel_backorder=True).button_validate()
    for plan, picking in zip(plans, pickings):
        if picking.state != 'done':
            refuse('not-completed', 'Odoo left the transfer %s in the state %s and asked %s.' % (
                picking.name, picking.state, isinstance(answer, dict) and answer.get('res_model') or 'nothing'))
        if plan['value'].get('movedAt'):
            picking.write({'date_done': plan['value']['movedAt']})
    return pickings


def movement_vals(plan):
    move = {
        'product_id': plan['product'].id, 'product_uom_qty': sum([share[1] for share in plan['shares']]),
        'product_uom': plan['unit'].id, 'location_id': plan['from'].id, 'location_dest_id': plan['to'].id,
        'company_id': company.id,
    }
    if has('stock.move', 'name'):
        move['name'] = plan['product'].display_name
    moves = 'move_ids' if has('stock.picking', 'move_ids') else 'move_lines'
    return {
        'picking_type_id': picking_type(plan['value']['kind']).id, 'location_id': plan['from'].id,
        'location_dest_id': plan['to'].id, 'origin': plan['value'].get('reference') or plan['token'],
        'company_id': company.id, moves: [(0, 0, move)],
    }


def fill_movement(plan, picking, lots):
    move = picking.move_ids
    move.move_line_ids.unlink()
    commands = []
    for share in plan['shares']:
        commands.append((0, 0, {
            'product_id': plan['product'].id, 'product_uom_id': plan['unit'].id, 'quantity': share[1],
            'lot_id': share[0] and lots[(plan['product'], share[0])].id or False, 'picking_id': picking.id,
            'location_id': plan['from'].id, 'location_dest_id': plan['to'].id, 'company_id': company.id,
        }))
    move.write({'move_line_ids': commands})
    move.write({'picked': True})


def plan_set_stock(plan):
    value = plan['value']
    product = product_of(value['product'])
    plan['product'] = product
    plan['location'] = stock_location(value.get('location'))
    plan['amount'] = amount_in(value['quantity'], product.uom_id, product.default_code)
    if product.tracking != 'none' and not value.get('lot'):
        refuse('lot-missing', 'The product %s is tracked by %s, and the count names none.' % (
            product.default_code, product.tracking))
    if product.tracking == 'none' and value.get('lot'):
        refuse('value-invalid', 'The product %s is not tracked by lot, and the count names %s.' % (
            product.default_code, value['lot']))
    plan['lock'] = ('quant', product.id, plan['location'].id, value.get('lot'))


def apply_set_stock(plans):
    wanted = []
    for plan in plans:
        if plan['value'].get('lot'):
            wanted.append((plan['product'], plan['value']['lot']))
    lots = lots_of(wanted, True)
    # Concurrent work leaves several rows for one product and place; a count is about their sum.
    env['stock.quant']._merge_quants()
    for plan in plans:
        lot = plan['value'].get('lot') and lots[(plan['product'], plan['value']['lot'])] or env['stock.lot']
        count_stock(plan, lot)


def count_stock(plan, lot):
    quants = env['stock.quant'].with_context(inventory_mode=True, inventory_name=plan['value'].get('reason') or 'Lineshaft')
    # Odoo 17 asks for the right of a stock manager by user, not by mode; OdooBot has it.
    if not env.user.has_group('stock.group_stock_manager'):
        quants = quants.with_user(1)
    here = [('product_id', '=', plan['product'].id), ('location_id', '=', plan['location'].id),
            ('lot_id', '=', lot.id or False), ('package_id', '=', False), ('owner_id', '=', False)]
    quant = quants.search(here, limit=1)
    before = sum(quants.search(here).mapped('quantity'))
    if quant:
        quant.write({'inventory_quantity_auto_apply': plan['amount'] - before + quant.quantity})
    elif plan['amount']:
        quant = quants.create({
            'product_id': plan['product'].id, 'location_id': plan['location'].id, 'lot_id': lot.id or False,
            'inventory_quantity_auto_apply': plan['amount'],
        })
    after = sum(quants.search(here).mapped('quantity'))
    if float_compare(after, plan['amount'], precision_digits=6) != 0:
        refuse('not-completed', 'Odoo holds %s of %s after it was set to %s.' % (
            after, plan['product'].default_code, plan['amount']))
    receipt = '%s @ %s' % (plan['product'].default_code, plan['location'].complete_name)
    settle(plan, quant, receipt, {'before': before, 'after': after})


def plan_scrap(plan):
    value = plan['value']
    product = product_of(value['product'])
    unit = unit_of(value['quantity']['unit'])
    if not same_kind(unit, product.uom_id):
        refuse('unit-mismatch', '%s is kept in %s, not in %s.' % (product.default_code, product.uom_id.name, unit.name))
    lot = value.get('lot') and lot_of(product, value['lot']) or False
    if product.tracking != 'none' and not lot:
        refuse('lot-missing', 'Scrap of %s needs its lot.' % product.default_code)
    amount = fitting(float(value['quantity']['value']), unit, product.default_code)
    if not amount:
        refuse('nothing-reported', 'Scrap of %s needs a quantity above zero.' % product.default_code)
    order = value.get('order') and any_order(value['order']) or False
    vals = {
        'product_id': product.id, 'scrap_qty': amount, 'product_uom_id': unit.id, 'company_id': company.id,
        'lot_id': lot and lot.id or False, 'origin': order and order.name or plan['token'],
        'location_id': scrap_location(value, order, product).id,
    }
    if order:
        vals['production_id'] = order.id
    plan['vals'] = vals


def scrap_location(value, order, product):
    if value.get('location'):
        return location_of(value['location'])
    if order:
        return order.location_dest_id if product == order.product_id else order.location_src_id
    return default_warehouse().lot_stock_id


def with_reason(vals, name):
    if not name:
        return vals
    if not has('stock.scrap', 'scrap_reason_tag_ids'):
        # Before Odoo 19 a scrap has no field for its reason; it stays readable in the origin.
        return dict(vals, origin='%s: %s' % (vals['origin'], name))
    if ('reason', name) not in memory:
        tags = env['stock.scrap.reason.tag']
        memory[('reason', name)] = tags.search([('name', '=', name)], limit=1) or tags.create({'name': name})
    return dict(vals, scrap_reason_tag_ids=[(6, 0, memory[('reason', name)].ids)])


def apply_scrap(plans):
    for plan in plans:
        scrap = make_scrap(with_reason(plan['vals'], plan['value'].get('reason')))
        settle(plan, scrap, scrap.name, {})


def make_scrap(vals):
    # One at a time, down to the database: Odoo 19 computes the quantity of several at once wrongly.
    scrap = env['stock.scrap'].create(vals)
    scrap.action_validate()
    env.flush_all()
    if scrap.state != 'done':
        refuse('insufficient-stock', 'Odoo did not scrap %s of %s: %s at %s holds too little.' % (
            scrap.scrap_qty, scrap.product_id.default_code, scrap.lot_id.name or 'the stock',
            scrap.location_id.complete_name))
    if float_compare(scrap.scrap_qty, vals['scrap_qty'], precision_digits=6) != 0:
        refuse('not-completed', 'Odoo scrapped %s of %s instead of %s.' % (
            scrap.scrap_qty, scrap.product_id.default_code, vals['scrap_qty']))
    return scrap
